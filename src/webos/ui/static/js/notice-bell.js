/* The bell: how many notifications are new, and the list of them. The list is asked for when it is opened. */
import { menu } from "webos/menu";
import { severityIcon } from "webos/toasts";

const STEPS = [
  ["day", 86400],
  ["hour", 3600],
  ["minute", 60],
];

/** Return a moment as people say it: “2 hours ago”, or its date where it is long ago. */
export function ago(moment, now = Date.now()) {
  const seconds = (now - Date.parse(moment)) / 1000;
  if (seconds > 7 * 86400) return new Date(moment).toLocaleDateString(document.documentElement.lang, { dateStyle: "medium" });
  const format = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: "auto" });
  for (const [unit, length] of STEPS) if (seconds >= length) return format.format(-Math.floor(seconds / length), unit);
  return format.format(0, "second");
}

export const NoticeBell = {
  props: { unread: Number, notices: Array, opened: Boolean, base: String },
  emits: ["toggle", "close", "ask"],
  directives: { menu },
  template: `
    <div class="w-menuwrap">
      <button type="button" class="w-iconbutton w-bell" :aria-label="name" title="Notifications" :aria-expanded="String(opened)"
        @click="$emit('toggle')">
        <span class="w-icon" aria-hidden="true">notifications</span>
        <span v-if="unread" class="w-bell__count" aria-hidden="true">{{ unread > 99 ? "99+" : unread }}</span>
      </button>
      <div v-if="opened" v-menu="() => $emit('close')" class="w-menu w-notices" role="group" aria-label="Notifications">
        <div class="w-notices__head"><strong>Notifications</strong>
          <button v-if="unread" type="button" class="w-notices__all" data-menuitem @click="$emit('ask', { do: 'read-all' })">Mark all as read</button>
          <button v-if="notices?.length" type="button" class="w-notices__all" data-menuitem @click="$emit('ask', { do: 'clear' })">Clear</button>
        </div>
        <div v-if="!notices" class="w-notices__none">Loading…</div>
        <div v-else-if="!notices.length" class="w-notices__none"><span class="w-icon" aria-hidden="true">notifications_off</span>
          <div>You are up to date</div><small>What happens in the background is told here.</small></div>
        <ul v-else>
          <li v-for="notice in notices" :key="notice.id" class="w-notice-row" :class="{ 'w-notice-row--new': !notice.read }">
            <component :is="notice.link ? 'a' : 'button'" class="w-notice-row__body" data-menuitem
              v-bind="notice.link ? { href: base + notice.link } : { type: 'button' }" @click="read(notice)">
              <span class="w-icon" :class="'w-notice-row__icon--' + notice.severity" aria-hidden="true">{{ iconOf(notice) }}</span>
              <span class="w-notice-row__text"><span v-if="!notice.read" class="w-sr">New: </span>{{ notice.message }}
                <small v-if="notice.detail">{{ notice.detail }}</small>
                <small><time :datetime="notice.at" :title="new Date(notice.at).toLocaleString()">{{ ago(notice.at) }}</time></small></span>
              <span v-if="!notice.read" class="w-notice-row__dot" aria-hidden="true"></span>
            </component>
          </li>
        </ul>
      </div>
    </div>`,
  computed: {
    name() {
      return this.unread ? `Notifications: ${this.unread} new` : "Notifications";
    },
  },
  methods: {
    ago: (moment) => ago(moment),
    iconOf: ({ severity }) => severityIcon(severity),
    read(notice) {
      if (!notice.read) this.$emit("ask", { do: "read", id: notice.id });
      if (notice.link) this.$emit("close");
    },
  },
};
