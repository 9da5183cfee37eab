/* A task in a page: the row that the top bar shows too. */
import { TaskRow } from "webos/task-row";

export default {
  props: { task: Object },
  emits: ["stop"],
  components: { TaskRow },
  template: `<div class="w-card"><task-row :task="current" @stop="$emit('stop')"></task-row></div>`,
  data() {
    return { current: this.task };
  },
  methods: {
    setTask(task) {
      this.current = task;
    },
  },
};
