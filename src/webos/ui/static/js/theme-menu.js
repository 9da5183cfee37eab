/* The choice of light, dark or as the system wants. */
import { menu } from "webos/menu";

const THEMES = [
  { id: "light", title: "Light", icon: "light_mode" },
  { id: "dark", title: "Dark", icon: "dark_mode" },
  { id: "auto", title: "As the system", icon: "contrast" },
];

export const ThemeMenu = {
  props: { theme: String, opened: Boolean },
  emits: ["toggle", "close", "choose"],
  directives: { menu },
  template: `
    <div class="w-menuwrap">
      <button type="button" class="w-iconbutton" :aria-label="'Theme: ' + now.title" title="Theme" aria-haspopup="menu"
        :aria-expanded="String(opened)" @click="$emit('toggle')">
        <span class="w-icon" aria-hidden="true">{{ now.icon }}</span></button>
      <div v-if="opened" v-menu="() => $emit('close')" class="w-menu" role="menu" aria-label="Theme">
        <button v-for="option in themes" :key="option.id" type="button" class="w-menu__item" role="menuitemradio" tabindex="-1"
          :aria-checked="String(option.id === theme)" @click="$emit('choose', option.id)">
          <span class="w-icon" aria-hidden="true">{{ option.icon }}</span>{{ option.title }}
          <span v-if="option.id === theme" class="w-icon w-check" aria-hidden="true">check</span>
        </button>
      </div>
    </div>`,
  computed: {
    themes: () => THEMES,
    now() {
      return THEMES.find(({ id }) => id === this.theme);
    },
  },
};
