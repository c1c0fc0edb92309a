// uplot.ts - the plotter's library, a file of its own: the page is shown before it is there.
export { default as uPlot } from "uplot";
