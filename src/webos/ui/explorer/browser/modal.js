// A dialog with a heading; the browser keeps the focus inside, and gives it back.
let made = 0;

export const Modal = {
  props: { title: String, wide: Boolean },
  emits: ["close"],
  template: `
    <dialog ref="dialog" class="w-dialog w-xdialog" :class="{ 'w-xdialog--wide': wide }" :aria-labelledby="id" @close="$emit('close')" @keydown.stop="keys" @click="outside">
      <header class="w-xdialog__head"><h2 :id="id">{{ title }}</h2>
        <button type="button" class="w-iconbutton" aria-label="Close" @click="close"><span class="w-icon" aria-hidden="true">close</span></button></header>
      <div class="w-xdialog__body"><slot></slot></div>
      <footer v-if="$slots.foot" class="w-xdialog__foot"><slot name="foot"></slot></footer>
    </dialog>`,
  data() {
    return { id: `w-modal-${++made}` };
  },
  mounted() {
    this.opener = document.activeElement;
    this.$refs.dialog.showModal();
  },
  unmounted() {
    if (document.activeElement === document.body && this.opener?.isConnected) this.opener.focus();
  },
  methods: {
    close() {
      this.$refs.dialog.close();
    },
    keys(event) {
      // The browser closes it by itself; the grid behind must not hear of it.
      if (event.key === "Escape") event.stopPropagation();
    },
    outside(event) {
      if (event.target !== this.$refs.dialog || event.detail === 0) return;
      const { left, right, top, bottom } = this.$refs.dialog.getBoundingClientRect();
      if (event.clientX < left || event.clientX > right || event.clientY < top || event.clientY > bottom) this.close();
    },
  },
};
