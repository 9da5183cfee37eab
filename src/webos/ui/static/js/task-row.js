/* One background task: its name, how far it is, a way to stop it. */
const OUTCOME = { done: "Done", failed: "Failed", cancelled: "Cancelled", waiting: "Waiting" };

export const TaskRow = {
  props: { task: Object },
  emits: ["stop"],
  template: `
    <div class="w-task">
      <div class="w-task__head">
        <span class="w-task__title">{{ task.title }}</span>
        <span class="w-task__percent">{{ figure }}</span>
        <button v-if="task.cancellable" type="button" class="w-iconbutton" :aria-label="'Cancel ' + task.title"
          title="Cancel" @click.stop="$emit('stop', task.id)">
          <span class="w-icon" aria-hidden="true">close</span>
        </button>
      </div>
      <div class="w-bar" :class="'w-bar--' + look" role="progressbar" :aria-label="task.title" aria-valuemin="0"
        aria-valuemax="100" :aria-valuenow="task.percent ?? undefined" :aria-valuetext="task.message || figure">
        <div :style="look === 'waiting' ? {} : { width: (look === 'done' ? 100 : task.percent ?? 0) + '%' }"></div>
      </div>
      <div v-if="task.message" class="w-task__message" :title="task.message">{{ task.message }}</div>
    </div>`,
  computed: {
    figure() {
      if (OUTCOME[this.task.state]) return OUTCOME[this.task.state];
      return this.task.percent === null ? "Running" : `${Math.floor(this.task.percent)} %`;
    },
    look() {
      const { state, percent } = this.task;
      if (state === "done" || state === "failed") return state;
      if (state === "cancelled") return "stopped";
      return state === "waiting" || percent === null ? "waiting" : "running";
    },
  },
};
