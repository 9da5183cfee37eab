/* The frame around every page, as one component: sidebar, top bar, menus, and the slot the pages are shown in. */
import { entriesOf } from "webos/commands";
import { isCompact, setCompact } from "webos/density";
import { h, isMac, isTyping } from "webos/dom";
import { menu } from "webos/menu";
import { loadFuse } from "webos/matcher";
import { NoticeBell } from "webos/notice-bell";
import { Palette } from "webos/palette";
import { RecordSearch } from "webos/records";
import { showShortcuts, singleKeysOn } from "webos/shortcuts";
import { keepInMind, remembered } from "webos/storage";
import { TaskMenu } from "webos/task-menu";
import { ThemeMenu } from "webos/theme-menu";
import { chooseTheme, chosenTheme, onThemeChange } from "webos/theme";
import { prepareToasts, toast } from "webos/toasts";

const FOLDED_KEY = "webos-folded";
const SIDEBAR_KEY = "webos-sidebar";

export default {
  props: {
    brand: String,
    logo: String, // address; else missing
    navigation: String, // JSON, as are the next two
    actions: String,
    user: String,
    path: String,
    title: String,
    group: String,
    hasTasks: Boolean,
    hasNotices: Boolean,
    hasRecords: Boolean,
    logoutUrl: String,
    viewer: String, // who looks at all this as the user; else missing
    endViewUrl: String,
  },
  emits: ["action", "stop", "notices"],
  components: { NoticeBell, TaskMenu, ThemeMenu },
  directives: { menu },
  template: `
<div class="w-shell" :class="{ 'w-shell--drawer': drawer }">
  <a class="w-skip" href="#main" @click.prevent.stop="$refs.main.focus()">Skip to content</a>

  <aside class="w-sidebar" id="w-sidebar" ref="sidebar" aria-label="Sidebar" @keydown.esc="closeDrawer">
    <div class="w-brand">
      <a class="w-brand__home" :href="base + '/'" :aria-label="brand + ', home'">
        <img v-if="logo" class="w-brand__logo" :src="logo" alt="" width="22" height="22">
        <svg v-else viewBox="0 0 24 24" aria-hidden="true"><rect width="24" height="24" rx="6" fill="var(--w-primary)"/>
          <path d="M5.5 7.5 9 16.5l3-7 3 7 3.5-9" fill="none" stroke="var(--w-on-primary)" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"/></svg>
        <span>{{ brand }}</span>
      </a>
      <button v-if="!rail" type="button" class="w-iconbutton" aria-label="Fold the sidebar" title="Fold the sidebar  ["
        @click="toggleRail"><span class="w-icon" aria-hidden="true">first_page</span></button>
    </div>
    <nav class="w-nav" aria-label="Main">
      <div v-for="section in sections" :key="section.title" class="w-nav__section">
        <button v-if="section.title" type="button" class="w-nav__group" :aria-expanded="String(!isFolded(section))"
          @click="fold(section)">
          <span class="w-icon" aria-hidden="true">expand_more</span>{{ section.title }}
        </button>
        <ul v-show="rail || !isFolded(section)" :aria-label="section.title || undefined">
          <li v-for="item in section.items" :key="item.path">
            <a class="w-nav__link" :href="base + item.path" :aria-current="item.path === active ? 'page' : undefined"
              :title="rail ? item.title : undefined">
              <span class="w-icon" aria-hidden="true">{{ item.icon }}</span><span>{{ item.title }}</span>
            </a>
          </li>
        </ul>
      </div>
    </nav>
    <div class="w-sidebar__slot"><slot name="sidebar"></slot></div>
  </aside>
  <div v-if="drawer" class="w-scrim" @click="closeDrawer"></div>

  <div class="w-frame" :inert="drawer || undefined">
    <form v-if="viewer" class="w-viewing" method="post" :action="base + endViewUrl" role="status">
      <span class="w-icon" aria-hidden="true">visibility</span>
      <span class="w-viewing__text">You see this as <strong>{{ account.name }}</strong> does. Nothing can be changed.</span>
      <button type="submit" class="w-viewing__end">Back to {{ viewer }}</button>
    </form>
    <header class="w-topbar">
      <button type="button" class="w-iconbutton w-iconbutton--menu" aria-label="Open the menu" ref="opener"
        aria-controls="w-sidebar" :aria-expanded="String(drawer)" @click="openDrawer">
        <span class="w-icon" aria-hidden="true">menu</span></button>
      <button v-if="rail" type="button" class="w-iconbutton w-unfold" aria-label="Unfold the sidebar"
        title="Unfold the sidebar  [" @click="toggleRail"><span class="w-icon" aria-hidden="true">last_page</span></button>
      <div class="w-crumbs">
        <span v-if="crumb.group" class="w-crumbs__group">{{ crumb.group }}</span>
        <span class="w-crumbs__page">{{ crumb.title }}</span>
      </div>
      <button type="button" class="w-search" :aria-keyshortcuts="isMac ? 'Meta+K' : 'Control+K'"
        aria-haspopup="dialog" @click="openPalette">
        <span class="w-icon" aria-hidden="true">search</span><span>Search or jump to…</span>
        <span class="w-keys"><kbd class="w-kbd">{{ isMac ? "⌘ K" : "Ctrl K" }}</kbd></span>
      </button>
      <slot name="topbar"></slot>
      <task-menu v-if="hasTasks" :tasks="tasks" :opened="opened === 'tasks'" @toggle="toggle('tasks')" @close="close"
        @stop="(id) => $emit('stop', id)"></task-menu>
      <notice-bell v-if="hasNotices" :unread="unread" :notices="notices" :opened="opened === 'notices'" :base="base"
        @toggle="toggleNotices" @close="close" @ask="(what) => $emit('notices', what)"></notice-bell>
      <theme-menu :theme="theme" :opened="opened === 'theme'" @toggle="toggle('theme')" @close="close" @choose="setTheme"></theme-menu>
      <div class="w-menuwrap">
        <button type="button" class="w-userbutton" :aria-label="'Account of ' + account.name" :title="user.name"
          :aria-expanded="String(opened === 'user')" @click="toggle('user')">
          <span class="w-avatar" aria-hidden="true" :data-initials="account.initials"></span></button>
        <div v-if="opened === 'user'" v-menu="close" class="w-menu" role="group" aria-label="Account">
          <div class="w-menu__who"><strong>{{ account.name }}</strong>
            <small v-if="account.username !== account.name">{{ account.username }}</small>
            <div v-if="account.roles.length" class="w-chips"><span v-for="role in account.roles" :key="role" class="w-chip">{{ role }}</span></div>
          </div>
          <hr>
          <slot name="user_menu"></slot>
          <button type="button" class="w-menu__item" data-menuitem :aria-pressed="String(isCompact)" @click="toggleDensity">
            <span class="w-icon" aria-hidden="true">density_small</span>Compact
            <span v-if="isCompact" class="w-icon w-check" aria-hidden="true">check</span></button>
          <button type="button" class="w-menu__item" data-menuitem @click="shortcuts">
            <span class="w-icon" aria-hidden="true">keyboard</span>Keyboard shortcuts</button>
          <form method="post" :action="base + logoutUrl" ref="logout">
            <button type="submit" class="w-menu__item" data-menuitem>
              <span class="w-icon" aria-hidden="true">logout</span>Sign out</button></form>
        </div>
      </div>
    </header>
    <main class="w-main" id="main" tabindex="-1" ref="main"><slot></slot></main>
    <footer v-if="$slots.footer" class="w-footer"><slot name="footer"></slot></footer>
  </div>
  <div class="w-loading" :class="{ 'w-loading--on': busy }"></div>
  <div class="w-sr" role="status">{{ announcement }}</div>
</div>`,
  data() {
    return {
      isMac,
      theme: chosenTheme(),
      base: window.path_prefix ?? "",
      sections: JSON.parse(this.navigation),
      account: JSON.parse(this.user),
      current: this.path,
      crumb: { title: this.title, group: this.group },
      announcement: "",
      folded: remembered(FOLDED_KEY, []),
      rail: document.documentElement.dataset.sidebar === "rail",
      isCompact: isCompact(),
      drawer: false,
      opened: "",
      busy: false,
      tasks: [],
      unread: 0,
      notices: undefined,
    };
  },
  computed: {
    active() {
      const path = this.current.split(/[?#]/)[0];
      let best = "";
      for (const { items } of this.sections)
        for (const item of items)
          if ((path === item.path || path.startsWith(`${item.path}/`)) && item.path.length > best.length) best = item.path;
      return best || (path === "/" ? "/" : "");
    },
  },
  created() {
    this.palette = new Palette(
      () => entriesOf(this),
      this.hasRecords ? new RecordSearch(() => `${this.base}/_webos/palette`) : undefined,
      (path) => this.go(path),
    );
  },
  mounted() {
    setTimeout(() => (this.base = window.path_prefix ?? ""), 0); // known once the whole application is mounted
    prepareToasts();
    document.getElementById("popup")?.setAttribute("role", "alert");
    this.forgetTheme = onThemeChange(() => (this.theme = chosenTheme()));
    document.addEventListener("keydown", this.onKey, true);
    document.addEventListener("click", this.onClick, true);
    addEventListener("popstate", this.onLeave);
    // Typos are forgiven as soon as there is time to fetch what forgives them.
    (window.requestIdleCallback ?? ((work) => setTimeout(work, 300)))(loadFuse);
  },
  unmounted() {
    this.forgetTheme();
    document.removeEventListener("keydown", this.onKey, true);
    document.removeEventListener("click", this.onClick, true);
    removeEventListener("popstate", this.onLeave);
  },
  methods: {
    /* called by the server */
    show({ path, title, group, documentTitle }) {
      this.current = path;
      this.crumb = { title, group };
      document.title = documentTitle;
      this.announcement = title;
      this.drawer = false;
      this.opened = "";
      this.busy = true;
      this.$refs.main.focus({ preventScroll: true });
    },
    settled() {
      this.busy = false;
    },
    setNavigation(sections) {
      this.sections = JSON.parse(sections);
    },
    setTasks(tasks) {
      this.tasks = tasks;
    },
    setUnread(count) {
      this.unread = count;
      if (this.opened === "notices") this.$emit("notices", { do: "list" });
    },
    setNotices(notices) {
      this.notices = notices;
    },
    toast,

    go(path) {
      if (window.socket?.connected) {
        this.busy = true;
        emitEvent("sub_pages_navigate", path);
      } else {
        location.assign(this.base + path);
      }
    },
    onLeave() {
      this.busy = true;
    },
    onClick(event) {
      if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || event.button) return;
      const link = event.target.closest?.("a[href^='/']");
      if (!link || link.target === "_blank" || link.hasAttribute("download")) return;
      this.drawer = false;
      this.opened = "";
      if (new URL(link.href).pathname !== location.pathname) this.busy = true;
    },
    onKey(event) {
      if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "k") {
        event.preventDefault();
        event.stopPropagation();
        this.openPalette();
      } else if (!event.ctrlKey && !event.metaKey && !event.altKey && !isTyping(event) && singleKeysOn()) {
        if (document.querySelector("dialog[open]")) return;
        if (event.key === "?") this.shortcuts();
        else if (event.key === "[") this.toggleRail();
        else return;
        event.preventDefault();
      }
    },

    openPalette() {
      this.opened = "";
      this.palette.toggle();
    },
    signOut() {
      const form = h("form", { method: "post", action: this.base + this.logoutUrl });
      document.body.append(form);
      form.submit();
    },
    shortcuts() {
      this.opened = "";
      showShortcuts();
    },

    setTheme(id) {
      this.opened = "";
      chooseTheme(id);
    },
    toggleDensity() {
      this.isCompact = setCompact(!this.isCompact);
    },
    toggle(name) {
      this.opened = this.opened === name ? "" : name;
    },
    toggleNotices() {
      this.toggle("notices");
      if (this.opened) this.$emit("notices", { do: "list" });
    },
    close() {
      this.opened = "";
    },
    isFolded(section) {
      return this.folded.includes(section.title);
    },
    fold({ title }) {
      this.folded = this.folded.includes(title) ? this.folded.filter((other) => other !== title) : [...this.folded, title];
      keepInMind(FOLDED_KEY, this.folded);
    },
    toggleRail() {
      this.rail = !this.rail;
      document.documentElement.dataset.sidebar = this.rail ? "rail" : "full";
      keepInMind(SIDEBAR_KEY, this.rail ? "rail" : "full");
    },
    openDrawer() {
      this.drawer = true;
      this.$nextTick(() => this.$refs.sidebar.querySelector("a")?.focus());
    },
    closeDrawer() {
      if (!this.drawer) return;
      this.drawer = false;
      this.$nextTick(() => this.$refs.opener.focus());
    },
  },
};
