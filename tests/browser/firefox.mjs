// firefox.mjs - Firefox ESR for the tests that Chromium runs too: playwright-core drives it over WebDriver BiDi.
import Module from "node:module";
import path from "node:path";

// A command that this playwright-core sends for each page and Firefox ESR has not. A new version in which these places are not the same
// fails here.
const UNKNOWN = { is: /\b(?:this\._session|this\._browser\._browserSession)\.send\("emulation\.setMediaFeaturesOverride",/g, becomes: "Promise.resolve(", times: 2 };

const PREFERENCES = {
  "dom.events.testing.asyncClipboard": true, // pages may read the clipboard without a question
  "browser.download.folderList": 2, "browser.download.useDownloadDir": true, "browser.download.always_ask_before_handling_new_types": false,
};

async function driver() {
  const bundle = path.join("playwright-core", "lib", "coreBundle.js"), { _compile: compile } = Module.prototype;
  Module.prototype._compile = function (content, file, ...more) {
    if (!file.endsWith(bundle)) return compile.call(this, content, file, ...more);
    const found = content.match(UNKNOWN.is)?.length ?? 0;
    if (found !== UNKNOWN.times) throw new Error(`${file}: ${UNKNOWN.is} stands there ${found} times, not ${UNKNOWN.times}`);
    return compile.call(this, content.replace(UNKNOWN.is, UNKNOWN.becomes), file, ...more);
  };
  const { firefox } = await import("playwright-core");
  Module.prototype._compile = compile;
  return firefox;
}

// Firefox with the profile in this folder, and downloads in the other one.
export async function launchFirefox(profile, downloads, options) {
  const firefox = await driver();
  return firefox.launchPersistentContext(profile, {
    channel: "moz-firefox", executablePath: "/usr/bin/firefox-esr", headless: true, downloadsPath: downloads,
    firefoxUserPrefs: { ...PREFERENCES, "browser.download.dir": downloads }, ...options,
  });
}
