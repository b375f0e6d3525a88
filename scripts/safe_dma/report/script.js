// SPDX-License-Identifier: GPL-2.0
"use strict";

const byId = (id) => document.getElementById(id);
const all = (selector, from = document) => [...from.querySelectorAll(selector)];

// make(name, {attributes}, children...): returns an element; strings become text.
function make(name, attributes, ...children) {
	return fill(document.createElement(name), attributes, children);
}

// The same for SVG.
function draw(name, attributes, ...children) {
	return fill(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}

function fill(element, attributes, children) {
	for (const [key, value] of Object.entries(attributes)) {
		element.setAttribute(key, value);
	}
	element.append(...children);
	return element;
}

const hex = (number) => "0x" + number.toString(16);

function bytes(count) {
	for (const [unit, name] of [[1073741824, "GiB"], [1048576, "MiB"], [1024, "KiB"]]) {
		if (count >= unit && count % unit === 0) {
			return `${count / unit} ${name}`;
		}
	}
	return count === 1 ? "1 byte" : `${count} bytes`;
}

// Light or dark.

{
	const toggle = byId("theme");
	const system = matchMedia("(prefers-color-scheme: dark)");
	toggle.hidden = false;
	toggle.addEventListener("click", () => {
		const now = document.documentElement.dataset.theme ?? (system.matches ? "dark" : "light");
		document.documentElement.dataset.theme = now === "dark" ? "light" : "dark";
	});
}

// Scenarios by checks.

{
	const table = byId("matrix");
	// What a search finds: the subject, the name, and the evidence or the reasons.
	const textOf = (...elements) => elements.map((each) => each.firstChild?.data).join(" ").toLowerCase();
	const groups = all("tbody", table).map((body) => ({
		body,
		button: body.querySelector(".subject button"),
		subject: body.querySelector(".subject"),
		checks: all("tr.check", body).map((row) => ({
			row,
			button: row.querySelector("button"),
			detail: row.nextElementSibling,
			text: textOf(body.querySelector(".subject button"), row.querySelector("button"), ...all("li", row.nextElementSibling)),
		})),
	}));
	const isOpen = (button) => button.getAttribute("aria-expanded") === "true";
	const setOpen = (button, open) => button.setAttribute("aria-expanded", String(open));

	function show() {
		const words = byId("find").value.toLowerCase().split(/\s+/).filter(Boolean);
		const state = byId("state").value;
		const chosen = words.length > 0 || state !== "";
		let count = 0;
		for (const group of groups) {
			let here = 0;
			for (const {row, button, detail, text} of group.checks) {
				const fits = words.every((word) => text.includes(word)) &&
					(state === "" || row.dataset.state.split(" ").includes(state));
				here += fits;
				row.hidden = !fits || !(isOpen(group.button) || chosen);
				detail.hidden = row.hidden || !isOpen(button);
			}
			group.body.hidden = here === 0;
			count += here;
		}
		byId("found").textContent = chosen ? `${count} of ${all("tr.check", table).length} checks` : "";
	}

	for (const group of groups) {
		setOpen(group.button, group.body.hasAttribute("data-failed"));
		for (const {row, button} of group.checks) {
			setOpen(button, row.dataset.state.split(" ").includes("failed"));
			button.addEventListener("click", () => { setOpen(button, !isOpen(button)); show(); });
		}
		group.button.addEventListener("click", () => { setOpen(group.button, !isOpen(group.button)); show(); });
	}
	for (const [id, open] of [["open-all", true], ["close-all", false]]) {
		byId(id).addEventListener("click", () => {
			groups.forEach((group) => setOpen(group.button, open));
			show();
		});
	}
	byId("find").addEventListener("input", show);
	byId("state").addEventListener("input", show);
	show();
}

// Shows the figure of the chosen scenario in a section, and hides the others.

function chooser(id, section) {
	const choice = byId(id);
	const show = () => {
		for (const figure of all(".figure", byId(section))) {
			figure.hidden = figure.dataset.scenario !== choice.value;
		}
	};
	choice.addEventListener("input", show);
	show();
}
chooser("space-scenario", "space");
chooser("timeline-scenario", "timeline");

// Call trees.

if (byId("tree-data")) {
	const trees = JSON.parse(byId("tree-data").textContent);
	const operations = new Map(trees.operations);

	// Returns the calls of an operation in a scenario, with their verdict.
	function recorded(operation, scenario) {
		const use = operations.get(operation)?.[scenario];
		return use && {tree: use[0], status: use[1], reason: use[2]};
	}

	// Returns the functions of a tree, which is a list of the numbers of calls.
	function names(tree, found = new Set()) {
		for (const [name, , ...below] of tree.map((call) => trees.calls[call])) {
			found.add(trees.functions[name]);
			names(below, found);
		}
		return found;
	}

	// Appends a tree to `into`.
	function calls(tree, into, others, onlyDma) {
		for (const [name, count, ...below] of tree.map((call) => trees.calls[call])) {
			const layer = trees.layerNames[trees.layers[name]][0];
			const deeper = below.length > 0;
			const line = make(deeper ? "summary" : "div", {
				class: (deeper ? "" : "leaf ") + (others && !others.has(trees.functions[name]) ? "only" : ""),
				style: `--layer: var(--l-${layer})`,
			},
			make("span", {class: "name", title: trees.files[name]}, `${trees.functions[name]}()`),
			make("span", {class: "layer"}, layer),
			make("span", {class: "count"}, count < 0 ? "" : count.toLocaleString("en")));
			let element = line;
			if (deeper) {
				element = make("details", {}, line);
				element.open = layer !== "other" && layer !== "debug";
				calls(below, element, others, onlyDma);
			}
			if (!onlyDma || layer !== "other" || element.querySelector?.(":scope > details, :scope > .leaf")) {
				into.append(element);
			}
		}
	}

	function side(into, operation, scenario, other) {
		into.replaceChildren();
		if (!scenario) {
			return;
		}
		const found = recorded(operation, scenario);
		into.append(make("h3", {}, `${operation} in ${scenario}`));
		if (!found) {
			into.append(make("p", {class: "missing"}, "Not recorded."));
			return;
		}
		if (found.status !== "passed") {
			into.append(make("p", {class: "missing"}, `${found.status}: ${found.reason}`));
		}
		if (!found.tree.length) {
			into.append(make("p", {}, "Not called."));
		}
		calls(found.tree, into, other && names(other.tree), byId("tree-dma").checked);
	}

	function show() {
		const operation = byId("tree-operation").value;
		const left = byId("tree-left").value;
		const right = byId("tree-right").value;
		side(byId("left-tree"), operation, left, recorded(operation, right));
		side(byId("right-tree"), operation, right, recorded(operation, left));
	}

	for (const id of ["tree-operation", "tree-left", "tree-right", "tree-dma"]) {
		byId(id).addEventListener("input", show);
	}
	byId("operations").addEventListener("click", (event) => {
		const button = event.target.closest("button");
		if (button) {
			byId("tree-operation").value = button.dataset.operation;
			byId("tree-left").value = button.dataset.scenario;
			show();
			byId("trees").scrollIntoView();
		}
	});
	show();
}

// Addresses.

const PERMISSIONS = {r: "read", w: "write", rw: "read and write", "": ""};

// Draws the addresses of a mapping on the left, and its memory on the right.
function pages(dma, pieces, kind) {
	const height = 150;
	const memory = [...pieces].sort((a, b) => a[0] - b[0]);
	const total = pieces.reduce((sum, piece) => sum + piece[1], 0);
	// Memory by address, with equal gaps.
	const gap = Math.min(10, 60 / memory.length);
	const unit = (height - gap * (memory.length - 1)) / total;
	const place = new Map();
	let at = 8;
	for (const piece of memory) {
		place.set(piece, at);
		at += piece[1] * unit + gap;
	}
	const left = height / total;
	const svg = draw("svg", {viewBox: `0 0 440 ${height + 18}`, role: "img"},
		draw("title", {}, `${pieces.length} pieces of memory`));
	let from = 8;
	let offset = 0;
	pieces.forEach((piece, index) => {
		const [phys, length] = piece;
		const to = place.get(piece);
		const [a, b] = [length * left, length * unit];
		svg.append(
			draw("path", {
				d: `M120 ${from}C200 ${from} 200 ${to} 290 ${to}V${to + b}C200 ${to + b} 200 ${from + a} 120 ${from + a}z`,
				class: kind, "fill-opacity": index % 2 ? .18 : .3,
			}),
			draw("rect", {x: 112, y: from, width: 8, height: Math.max(a - .5, 1), class: kind}),
			draw("rect", {x: 290, y: to, width: 8, height: Math.max(b - .5, 1), class: kind}));
		if (index === 0 || a >= 11) {
			svg.append(draw("text", {x: 106, y: from + Math.min(a / 2 + 3, 9), "text-anchor": "end"}, hex(dma + offset)));
		}
		if (memory.length <= 14) {
			svg.append(draw("text", {x: 304, y: to + Math.min(b / 2 + 3, 9)}, `${hex(phys)} ${bytes(length)}`));
		}
		from += a;
		offset += length;
	});
	if (memory.length > 14) {
		const last = memory.at(-1);
		svg.append(
			draw("text", {x: 304, y: 16}, hex(memory[0][0])),
			draw("text", {x: 304, y: height / 2 + 10}, `${memory.length} pieces`),
			draw("text", {x: 304, y: height + 6}, hex(last[0] + last[1])));
	}
	return svg;
}

for (const figure of all("#space .figure")) {
	const source = figure.querySelector("script");
	const choice = figure.querySelector("select");
	if (!source) {
		continue;
	}
	const svg = figure.querySelector("svg");
	const into = figure.querySelector(".chosen");
	let checks;

	const cell = (...children) => make("td", {}, ...children);
	function row([dma, size, permission, copy, event, times, used, ...flat]) {
		const may = event ? `${event} must be reported` : PERMISSIONS[permission] + (copy ? ", in a copy" : "");
		const pieces = [];
		for (let at = 0; at < flat.length; at += 2) {
			pieces.push(`${hex(flat[at])} ${bytes(flat[at + 1])}`);
		}
		const behind = make("td", {class: "pieces"}, pieces.slice(0, 4).join(", ") || "nothing");
		if (pieces.length > 4) {
			behind.append(make("details", {}, make("summary", {}, `${pieces.length} pieces, all`), pieces.slice(4).join(", ")));
		}
		return make("tr", {}, cell(hex(dma)), cell(bytes(size)), cell(may),
			behind, cell(times > 1 ? `${times} times` : "once"), cell(String(used)));
	}

	function show() {
		checks ??= JSON.parse(source.textContent);
		const index = choice.value;
		all("g.on", svg).forEach((group) => group.classList.remove("on"));
		all(".pick", svg).forEach((mark) => mark.remove());
		svg.classList.toggle("picked", index !== "");
		into.replaceChildren();
		if (index === "") {
			return;
		}
		const group = svg.querySelector(`g[data-check="${index}"]`);
		group.classList.add("on");
		// A column behind the bars, which may be too small to be found.
		const {x, width} = group.getBBox();
		const {y, height} = svg.querySelector(".band0").getBBox();
		svg.querySelector(".title").before(draw("rect", {class: "pick", x: x - 2, y, width: width + 4, height}));
		const view = svg.parentElement;
		view.scrollLeft = x / svg.viewBox.baseVal.width * view.scrollWidth - view.clientWidth / 2;
		const [mappings, count] = checks[index];
		const heads = ["DMA address", "size", "the device may", "memory", "mapped", "translations"];
		into.append(make("h4", {}, group.querySelector("title").textContent));
		const widest = mappings.reduce((best, each) => (each.length > best.length ? each : best));
		const [dma, , permission, copy, , , , ...flat] = widest;
		if (flat.length) {
			const pieces = [];
			for (let at = 0; at < flat.length; at += 2) {
				pieces.push([flat[at], flat[at + 1]]);
			}
			into.append(pages(dma, pieces, copy ? "copy" : permission));
		}
		into.append(make("table", {},
			make("thead", {}, make("tr", {}, ...heads.map((head) => make("th", {scope: "col"}, head)))),
			make("tbody", {}, ...mappings.map(row))));
		if (count > mappings.length) {
			into.append(make("p", {}, `… and ${count - mappings.length} more`));
		}
	}

	choice.addEventListener("input", show);
	svg.addEventListener("click", (event) => {
		const group = event.target.closest("g[data-check]");
		choice.value = group && choice.value !== group.dataset.check ? group.dataset.check : "";
		show();
	});
}

// Transfers.

for (const figure of all("#timeline .figure")) {
	const choice = figure.querySelector("select");
	if (choice) {
		const show = () => all(".transfer", figure).forEach((each) => { each.hidden = each.dataset.index !== choice.value; });
		choice.addEventListener("input", show);
		show();
	}
}
