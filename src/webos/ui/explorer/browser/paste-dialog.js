// Why nothing was pasted, cell by cell.
import { Modal } from "./modal.js";

export const PasteDialog = {
  props: { problems: Array },
  emits: ["close"],
  components: { Modal },
  template: `
    <modal title="Nothing was pasted" ref="modal" @close="$emit('close')">
      <p>Either all values fit or none is stored. These do not:</p>
      <div class="w-xscroll" tabindex="0" role="region" aria-label="Errors"><table class="w-xtable"><thead><tr><th scope="col">Row</th><th scope="col">Column</th><th scope="col">Value</th><th scope="col">What is wrong</th></tr></thead>
        <tbody><tr v-for="(each, at) in problems" :key="at"><td>{{ each.row }}</td><td>{{ each.column }}</td><td>{{ each.value ?? "" }}</td><td>{{ each.text }}</td></tr></tbody></table></div>
      <template #foot><span class="w-explorer__space"></span><button type="button" class="w-button w-button--primary" @click="$refs.modal.close()">Close</button></template>
    </modal>`,
};
