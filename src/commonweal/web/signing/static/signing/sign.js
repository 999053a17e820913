// A form that a security key answers: asks the key, puts its answer into the form, sends it.
// Options come from an attribute of the form; there is nothing inline.

const say = (form, text) => {
  const place = form.querySelector(".house-key__problem");
  place.textContent = text;
  place.hidden = false;
};

const asked = async (form) => {
  const { publicKey } = JSON.parse(form.dataset.options);
  if (form.dataset.key === "create") {
    const options = PublicKeyCredential.parseCreationOptionsFromJSON(publicKey);
    return navigator.credentials.create({ publicKey: options });
  }
  const options = PublicKeyCredential.parseRequestOptionsFromJSON(publicKey);
  return navigator.credentials.get({ publicKey: options });
};

for (const form of document.querySelectorAll("form.house-sign")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (form.dataset.busy) {
      return;
    }
    if (!window.PublicKeyCredential?.parseCreationOptionsFromJSON) {
      say(form, "This browser cannot use security keys. Open the page in a newer one.");
      return;
    }
    form.dataset.busy = "yes";
    try {
      const credential = await asked(form);
      form.querySelector("input[name=answer]").value = JSON.stringify(credential.toJSON());
      form.submit();
    } catch {
      delete form.dataset.busy;
      say(form, "The security key did not answer, or you stopped it. Nothing is signed. Try again.");
    }
  });
}
