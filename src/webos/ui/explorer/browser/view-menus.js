// The menus of views and of columns.
import { menu } from "webos/menu";
import { Modal } from "./modal.js";

export const ViewMenu = {
  directives: { menu },
  props: { views: Array, active: Object, changed: Boolean, defaultView: String },
  emits: ["choose", "save", "save-as", "edit", "remove", "make-default", "close"],
  template: `
    <div class="w-menu w-xmenu" v-menu="() => $emit('close')" role="menu" aria-label="Views">
      <button type="button" class="w-menu__item" role="menuitemradio" tabindex="-1" :aria-checked="String(!active)" @click="$emit('choose', null)">
        <span class="w-icon" aria-hidden="true">table_rows</span><span class="w-xmenu__name">All rows</span><span v-if="!active" class="w-icon w-check" aria-hidden="true">check</span></button>
      <button v-for="view in views" :key="view.id" type="button" class="w-menu__item" role="menuitemradio" tabindex="-1" :aria-checked="String(active?.id === view.id)" @click="$emit('choose', view)">
        <span class="w-icon" aria-hidden="true">{{ view.shared ? "group" : "person" }}</span>
        <span class="w-xmenu__name">{{ view.name }}<small v-if="!view.mine"> by {{ view.owner }}</small><small v-if="view.id === defaultView"> default</small></span>
        <span v-if="active?.id === view.id" class="w-icon w-check" aria-hidden="true">check</span></button>
      <hr>
      <button v-if="active?.mine && changed" type="button" class="w-menu__item" role="menuitem" tabindex="-1" @click="$emit('save')"><span class="w-icon" aria-hidden="true">save</span>Save changes</button>
      <button type="button" class="w-menu__item" role="menuitem" tabindex="-1" @click="$emit('save-as')"><span class="w-icon" aria-hidden="true">add</span>Save as a new view…</button>
      <template v-if="active">
        <button type="button" class="w-menu__item" role="menuitem" tabindex="-1" @click="$emit('make-default')"><span class="w-icon" aria-hidden="true">star</span>{{ active.id === defaultView ? "Do not open with this view" : "Open with this view" }}</button>
        <button v-if="active.mine" type="button" class="w-menu__item" role="menuitem" tabindex="-1" @click="$emit('edit')"><span class="w-icon" aria-hidden="true">edit</span>Rename or share…</button>
        <button v-if="active.mine" type="button" class="w-menu__item" role="menuitem" tabindex="-1" @click="$emit('remove')"><span class="w-icon" aria-hidden="true">delete</span>Delete this view</button>
      </template>
    </div>`,
};

export const ViewDialog = {
  props: { view: Object, save: Function },
  emits: ["close"],
  components: { Modal },
  template: `
    <modal :title="view ? 'Rename or share' : 'Save view'" ref="modal" @close="$emit('close')">
      <form class="w-bulk" @submit.prevent="submit"><label class="w-field"><span class="w-field__label">Name</span>
        <input class="w-input" v-model="name" maxlength="80" required autofocus autocomplete="off"></label>
        <label class="w-check"><input type="checkbox" class="w-checkbox" v-model="shared">Share with all who may read these rows</label>
        <p class="w-record__none">A view has the filter, the sort, the columns and the row height. Everybody sees the rows he has the right to.</p>
        <p v-if="problem" class="w-field__error" role="alert">{{ problem }}</p><button type="submit" hidden></button></form>
      <template #foot><span class="w-explorer__space"></span><button type="button" class="w-button w-button--secondary" @click="$refs.modal.close()">Cancel</button>
        <button type="button" class="w-button w-button--primary" :disabled="!name.trim()" @click="submit">Save</button></template>
    </modal>`,
  data() {
    return { name: this.view?.name ?? "", shared: this.view?.shared ?? false, problem: "" };
  },
  methods: {
    async submit() {
      if (!this.name.trim()) return;
      try {
        await this.save(this.name, this.shared);
        this.$refs.modal.close();
      } catch (error) {
        this.problem = error.sentence ?? error.message;
      }
    },
  },
};

export const ColumnMenu = {
  directives: { menu },
  props: { columns: Array, density: String },
  emits: ["toggle", "pin", "move", "density", "reset", "close"],
  template: `
    <div class="w-menu w-xmenu w-xmenu--columns" v-menu="() => $emit('close')" role="group" aria-label="Columns">
      <div class="w-xmenu__list">
        <div v-for="(column, at) in columns" :key="column.field" class="w-xmenu__row">
          <label><input type="checkbox" class="w-checkbox" data-menuitem :checked="!column.hidden" @change="$emit('toggle', column.field, !$event.target.checked)">{{ column.title }}</label>
          <button type="button" class="w-iconbutton" :aria-pressed="String(column.pinned === 'left')" :aria-label="'Pin ' + column.title" :title="column.pinned ? 'Unpin' : 'Pin to the left'" @click="$emit('pin', column.field, column.pinned ? null : 'left')"><span class="w-icon" aria-hidden="true">{{ column.pinned ? "keep" : "keep_off" }}</span></button>
          <button type="button" class="w-iconbutton" :disabled="at === 0" :aria-label="'Move ' + column.title + ' up'" @click="$emit('move', column.field, -1)"><span class="w-icon" aria-hidden="true">arrow_upward</span></button>
          <button type="button" class="w-iconbutton" :disabled="at === columns.length - 1" :aria-label="'Move ' + column.title + ' down'" @click="$emit('move', column.field, 1)"><span class="w-icon" aria-hidden="true">arrow_downward</span></button>
        </div>
      </div>
      <hr>
      <label class="w-check w-xmenu__check"><input type="checkbox" class="w-checkbox" data-menuitem :checked="density === 'compact'" @change="$emit('density', $event.target.checked ? 'compact' : 'comfortable')">Low rows</label>
      <button type="button" class="w-menu__item" data-menuitem @click="$emit('reset')"><span class="w-icon" aria-hidden="true">restart_alt</span>As they were at first</button>
    </div>`,
};
