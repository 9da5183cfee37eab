// Passkeys on the pages of the sign-in: asks the browser, puts its answer into the form, and sends that.
const decode = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const encode = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

const REFUSED = "That was cancelled, or took too long. Please try again.";

async function ask(address, fields) {
  const answer = await fetch(address, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json" },
    body: JSON.stringify(fields),
  });
  const content = await answer.json();
  if (!answer.ok) throw new Error(content.detail || content.title || REFUSED);
  return content;
}

function readable(options) {
  const known = (list) => (list || []).map((each) => ({ ...each, id: decode(each.id) }));
  const publicKey = { ...options, challenge: decode(options.challenge) };
  if (options.user) publicKey.user = { ...options.user, id: decode(options.user.id) };
  if (options.excludeCredentials) publicKey.excludeCredentials = known(options.excludeCredentials);
  if (options.allowCredentials) publicKey.allowCredentials = known(options.allowCredentials);
  return { publicKey };
}

function writable(credential) {
  const { response } = credential;
  const parts = { clientDataJSON: encode(response.clientDataJSON) };
  for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (response[name]) parts[name] = encode(response[name]);
  }
  if (response.getTransports) parts.transports = response.getTransports();
  return {
    id: credential.id,
    rawId: encode(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment,
    clientExtensionResults: {},
    response: parts,
  };
}

export async function passkeyAnswer(kind, address, step) {
  const options = readable(await ask(address, { step: step || "" }));
  try {
    return JSON.stringify(writable(await navigator.credentials[kind](options)));
  } catch (error) {
    if (error.name === "InvalidStateError") throw new Error("This device has a passkey for you already.");
    if (error.name === "SecurityError") throw new Error("Passkeys do not work at this address of the server.");
    throw new Error(REFUSED);
  }
}

// A passkey belongs to a name; reached by an address, the server cannot be asked for one.
const NAMED = !/^[\d.]+$|[:[]/.test(location.hostname);

export const takesPasskeys = () => NAMED && Boolean(window.PublicKeyCredential);

for (const form of document.querySelectorAll("form[data-passkey]")) {
  if (!takesPasskeys()) continue;
  form.hidden = false;
  const button = form.querySelector("button[type=submit]");
  const wrong = form.querySelector(".wrong");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    wrong.hidden = true;
    try {
      form.elements.answer.value = await passkeyAnswer(form.dataset.passkey, form.dataset.ask, form.dataset.step);
      form.submit();
    } catch (error) {
      wrong.textContent = error.message;
      wrong.hidden = false;
      button.disabled = false;
    }
  });
}

for (const button of document.querySelectorAll("button[data-copy]")) {
  if (!navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const codes = document.getElementById(button.dataset.copy);
    await navigator.clipboard.writeText([...codes.children].map((each) => each.textContent.trim()).join("\n"));
    button.textContent = "Copied";
  });
}
