// Asks the user to prove again who he is, in a dialog; what he enters goes to the server by a request of its own.
import { h, icon } from "webos/dom";

const send = (address, fields) =>
  fetch(address, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json" },
    body: JSON.stringify(fields),
  });

async function problem(answer) {
  const content = await answer.json().catch(() => ({}));
  return Object.values(content.errors || {})[0] || content.detail || "This did not work, please try again.";
}

/** Show the dialog; return whether the user has proved himself. */
export async function confirmIdentity(root) {
  const address = `${root}/auth/confirm`;
  const answer = await fetch(address, { headers: { accept: "application/json" } });
  if (!answer.ok) return false;
  const ways = await answer.json();
  return await new Promise((resolve) => {
    const label = ways.password ? "Password" : "Code of your app, or a recovery code";
    const name = ways.password ? "password" : "otp";
    const input = h("input", {
      id: "webos-confirm",
      class: "w-input",
      name,
      type: ways.password ? "password" : "text",
      autocomplete: ways.password ? "current-password" : "one-time-code",
      "aria-describedby": "webos-confirm-wrong",
      autocapitalize: "none",
      spellcheck: "false",
      required: true,
    });
    const wrong = h("p", { id: "webos-confirm-wrong", class: "w-field__error", role: "alert" });
    const passkey = h(
      "button",
      { class: "w-button w-button--secondary", type: "button", onclick: byPasskey },
      icon("passkey"),
      "Use a passkey",
    );
    const submit = h("button", { class: "w-button w-button--primary", type: "submit" }, "Continue");
    const form = h(
      "form",
      { class: "w-confirm__form", onsubmit: byText },
      h("h2", { id: "webos-confirm-title" }, "Please confirm that it is you"),
      h("p", { class: "w-text" }, "What you are about to do is protected."),
      h("div", { class: "w-field" }, h("label", { class: "w-field__label", for: "webos-confirm" }, label), input, wrong),
      h(
        "div",
        { class: "w-confirm__actions" },
        h("button", { class: "w-button w-button--ghost", type: "button", onclick: () => dialog.close() }, "Cancel"),
        ...(ways.passkey && window.PublicKeyCredential && !/^[\d.]+$|[:[]/.test(location.hostname) ? [passkey] : []),
        submit,
      ),
    );
    const dialog = h(
      "dialog",
      { class: "w-dialog w-confirm", "aria-labelledby": "webos-confirm-title", onclose: () => end(false) },
      form,
    );
    let done = false;
    function end(proved) {
      if (done) return;
      done = true;
      dialog.remove();
      resolve(proved);
    }
    async function attempt(work) {
      wrong.textContent = "";
      submit.disabled = passkey.disabled = true;
      try {
        const reply = await work();
        if (reply.ok) return end(true);
        wrong.textContent = await problem(reply);
        input.select();
      } catch (error) {
        wrong.textContent = error.message;
      } finally {
        submit.disabled = passkey.disabled = false;
      }
    }
    function byText(event) {
      event.preventDefault();
      attempt(() => send(address, { [name]: input.value }));
    }
    function byPasskey() {
      attempt(async () => {
        const { passkeyAnswer } = await import(`${root}/_webos/static/passkeys.js`);
        return send(`${address}/passkey`, { answer: await passkeyAnswer("get", `${address}/ask`) });
      });
    }
    dialog.addEventListener("keydown", (event) => event.stopPropagation());
    document.body.append(dialog);
    dialog.showModal();
    input.focus();
  });
}
