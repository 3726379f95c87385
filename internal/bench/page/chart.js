"use strict";
// Lets a reader zoom into all charts of a page at once, and shows what a point
// is. Without this script charts are pictures.
(() => {
  const scale = 100000;
  const least = 1e-5; // the smallest part of the whole time that can be shown
  const few = 400; // points are drawn larger if there are at most this many
  let view = [0, 1]; // the part of the whole time that is shown

  const charts = [...document.querySelectorAll("figure.chart")].map(figure => {
    const find = selector => figure.querySelector(selector), data = JSON.parse(find("script").textContent);
    const chart = {
      figure, ...data, dots: data.dots.map(([x, y, text]) => ({ x, y, text })),
      plot: find(".plot"), svg: find(".plot svg"), grid: find(".grid"), xaxis: find(".xaxis"), yaxis: find(".yaxis"),
      bars: [...figure.querySelectorAll(".track i")], yview: [0, scale],
    };
    chart.tip = add(chart.plot, "tip");
    chart.ring = add(chart.plot, "ring");
    chart.select = add(chart.plot, "select");
    hide(chart);
    return chart;
  });

  function add(parent, name) {
    const element = document.createElement("div");
    element.className = name;
    element.hidden = true;
    return parent.appendChild(element);
  }

  function hide(chart) {
    chart.tip.hidden = chart.ring.hidden = chart.select.hidden = true;
  }

  // ticks returns the round numbers from low to high, at most that many steps.
  function ticks(low, high, most) {
    let step = 10 ** Math.floor(Math.log10((high - low) / most));
    step *= [1, 2, 5, 10].find(f => (high - low) / (step * f) <= most);
    const all = [];
    for (let i = Math.ceil(low / step); i * step <= high * 1.000001; i++) all.push(i * step);
    return all;
  }

  function mark(axis, side, values, place) {
    axis.replaceChildren(...values.map(value => {
      const span = document.createElement("span");
      span.textContent = String(+value.toPrecision(6));
      span.style[side] = place(value) + "%";
      return span;
    }));
  }

  // fit sets which part of y is shown: all of it, or the part with points in
  // the time that is shown.
  function fit(chart) {
    chart.yview = [0, scale];
    if (!chart.fit || view[1] - view[0] >= 1) return;
    const ys = chart.dots.filter(d => d.x >= view[0] * scale && d.x <= view[1] * scale).map(d => d.y);
    if (!ys.length) return;
    const low = Math.min(...ys), high = Math.max(...ys), room = Math.max((high - low) * .1, 2 * scale / (chart.high - chart.low));
    chart.yview = [Math.max(0, low - room), Math.min(scale, high + room)];
  }

  function draw(chart) {
    fit(chart);
    const [x0, x1] = view, [y0, y1] = chart.yview, width = x1 - x0;
    chart.svg.setAttribute("viewBox", `${x0 * scale} ${y0} ${width * scale} ${y1 - y0}`);
    const times = ticks(x0 * chart.end, x1 * chart.end, 8);
    mark(chart.xaxis, "left", times, t => 100 * (t / chart.end - x0) / width);
    const valueAt = y => chart.low + (chart.high - chart.low) * (1 - y / scale);
    const yOf = value => scale * (1 - (value - chart.low) / (chart.high - chart.low));
    let path = times.map(t => `M${t / chart.end * scale} 0v${scale}`).join("");
    if (chart.log) {
      const decades = Math.log10(chart.high / chart.low);
      for (let i = 0; i <= decades + .001; i++) path += `M0 ${scale * (1 - i / decades)}h${scale}`;
    } else {
      const values = ticks(valueAt(y1), valueAt(y0), 6);
      mark(chart.yaxis, "top", values, v => 100 * (yOf(v) - y0) / (y1 - y0));
      path += values.map(v => `M0 ${yOf(v)}h${scale}`).join("");
    }
    chart.grid.setAttribute("d", path);
    for (const bar of chart.bars) {
      const from = Math.max(bar.dataset.from / chart.end, x0), to = Math.min(bar.dataset.to / chart.end, x1);
      bar.hidden = to < from;
      bar.style.left = 100 * (from - x0) / width + "%";
      bar.style.width = 100 * (to - from) / width + "%";
    }
    const shown = chart.dots.filter(d => d.x >= x0 * scale && d.x <= x1 * scale).length;
    chart.svg.setAttribute("class", shown <= few ? "few" : "many");
    hide(chart);
  }

  function zoom(from, to) {
    const width = Math.min(1, Math.max(least, to - from));
    from = Math.min(Math.max(0, from), 1 - width);
    view = [from, from + width];
    charts.forEach(draw);
  }

  // near shows what the point nearest to a place is.
  function near(chart, x, y) {
    const box = chart.plot.getBoundingClientRect(), [y0, y1] = chart.yview;
    let best, distance = 24;
    for (const dot of chart.dots) {
      const px = (dot.x / scale - view[0]) / (view[1] - view[0]) * box.width, py = (dot.y - y0) / (y1 - y0) * box.height;
      const d = Math.hypot(px - x, py - y);
      if (d < distance) [best, distance] = [{ px, py, text: dot.text }, d];
    }
    hide(chart);
    if (!best) return;
    chart.ring.hidden = chart.tip.hidden = false;
    chart.ring.style.left = best.px + "px";
    chart.ring.style.top = best.py + "px";
    chart.tip.textContent = best.text;
    const tip = chart.tip.getBoundingClientRect();
    chart.tip.style.left = Math.max(0, Math.min(best.px + 12, box.width - tip.width - 4)) + "px";
    chart.tip.style.top = (best.py > box.height / 2 ? best.py - tip.height - 12 : best.py + 12) + "px";
  }

  for (const chart of charts) {
    const tools = document.createElement("div");
    tools.className = "tools";
    for (const [text, label, change] of [
      ["+", "zoom in", (a, b) => [a + (b - a) / 4, b - (b - a) / 4]],
      ["−", "zoom out", (a, b) => [a - (b - a) / 2, b + (b - a) / 2]],
      ["◂", "earlier", (a, b) => [a - (b - a) / 2, b - (b - a) / 2]],
      ["▸", "later", (a, b) => [a + (b - a) / 2, b + (b - a) / 2]],
      ["all", "show all", () => [0, 1]],
    ]) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = text;
      button.title = label;
      button.setAttribute("aria-label", label);
      button.onclick = () => zoom(...change(...view));
      tools.append(button);
    }
    chart.figure.querySelector("figcaption").prepend(tools);

    let start = null; // where a drag began
    const at = event => {
      const box = chart.plot.getBoundingClientRect();
      return [Math.min(Math.max(0, event.clientX - box.left), box.width), event.clientY - box.top, box.width];
    };
    chart.plot.onpointerdown = event => {
      start = at(event)[0];
      chart.plot.setPointerCapture(event.pointerId);
    };
    chart.plot.onpointermove = event => {
      const [x, y] = at(event);
      if (start === null) return near(chart, x, y);
      hide(chart);
      chart.select.hidden = false;
      chart.select.style.left = Math.min(start, x) + "px";
      chart.select.style.width = Math.abs(x - start) + "px";
    };
    chart.plot.onpointerup = event => {
      const [x, y, width] = at(event), from = start;
      start = null;
      hide(chart);
      if (from === null || Math.abs(x - from) < 6) return near(chart, x, y);
      const share = px => view[0] + px / width * (view[1] - view[0]);
      zoom(share(Math.min(from, x)), share(Math.max(from, x)));
    };
    chart.plot.onpointercancel = () => { start = null; hide(chart); };
    chart.plot.onpointerleave = () => { if (start === null) hide(chart); };
    chart.plot.ondblclick = () => zoom(0, 1);
  }
})();
