// Two people have changed the same: all three values side by side, and a choice.
import { Modal } from "./modal.js";
import { textOf } from "./cells.js";

export const ConflictDialog = {
  props: { conflict: Object },
  emits: ["close"],
  components: { Modal },
  template: `
    <modal title="Somebody else changed this, too" ref="modal" @close="$emit('close')">
      <p>While you edited “{{ conflict.column.title }}”, somebody else stored another value. Which one is to stay?</p>
      <dl class="w-conflict">
        <div><dt>Yours</dt><dd><ins>{{ text(conflict.mine) }}</ins></dd></div>
        <div><dt>Theirs, stored now</dt><dd><ins>{{ text(conflict.theirs) }}</ins></dd></div>
        <div><dt>Before both</dt><dd>{{ text(conflict.base) }}</dd></div>
      </dl>
      <template #foot><span class="w-explorer__space"></span>
        <button type="button" class="w-button w-button--secondary" @click="$refs.modal.close()">Keep theirs</button>
        <button type="button" class="w-button w-button--primary" @click="mine">Store mine</button></template>
    </modal>`,
  methods: {
    mine() {
      this.conflict.take();
      this.$refs.modal.close();
    },
    text(value) {
      return textOf(this.conflict.column)(value) || "—";
    },
  },
};
