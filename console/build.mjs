// build.mjs [FOLDER] - builds the console into dist/, or the given folder. dist/ is committed, so that the daemon builds without npm.
import { copyFileSync, mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { build } from "esbuild";

const here = import.meta.dirname;
const out = path.resolve(process.argv[2] ?? path.join(here, "dist"));

// Files of their own, which the page loads once it is drawn.
const LIBRARIES = ["xterm", "uplot"];

// What has to be otherwise in packages. A new version in which these places are not the same fails here.
const CHANGES = [
  // The content security policy of the page allows no style element and no style attribute; xterm.js makes both. The elements become
  // <pm-sheet> (src/sheet.ts), the attribute is set by property.
  { file: /xterm\.mjs$/, is: /\.createElement\("style"\)/g, becomes: '.createElement("pm-sheet")', times: 3 },
  {
    file: /xterm\.mjs$/, is: /(\w+)\.setAttribute\("style",`\$\{\1\.getAttribute\("style"\)\|\|""\}\$\{(\w+)\};`\)/g,
    becomes: '$1.style.cssText+=$2+";"', times: 1,
  },
  // In the C locale WebKit's navigator.language is "C", which Intl refuses.
  { file: /uPlot\.esm\.js$/, is: /new Intl\.NumberFormat\(domEnv \? nav\.language : 'en-US'\)/g, becomes: "new Intl.NumberFormat('en-US')", times: 1 },
];

const changes = {
  name: "changes",
  setup(builder) {
    builder.onLoad({ filter: /(xterm\.mjs|uPlot\.esm\.js)$/ }, ({ path: file }) => {
      let contents = readFileSync(file, "utf8");
      for (const { is, becomes, times } of CHANGES.filter((change) => change.file.test(file))) {
        const found = contents.match(is)?.length ?? 0;
        if (found !== times) throw new Error(`${file}: ${is} stands there ${found} times, not ${times}`);
        contents = contents.replace(is, becomes);
      }
      return { contents, loader: "js" };
    });
  },
};

mkdirSync(out, { recursive: true });
await build({
  entryPoints: { console: path.join(here, "src/main.tsx"), connect: path.join(here, "src/connect.ts"), ...Object.fromEntries(LIBRARIES.map((name) => [name, path.join(here, `src/${name}.ts`)])) },
  outdir: out,
  bundle: true,
  splitting: true,
  chunkNames: "shared",
  minify: true,
  format: "esm",
  target: ["chrome115", "firefox115", "safari16.4"],
  legalComments: "none",
  charset: "utf8",
  plugins: [changes],
  logLevel: "warning",
});
for (const file of ["index.html", "connect.html", "icon.svg"]) copyFileSync(path.join(here, "src", file), path.join(out, file));
