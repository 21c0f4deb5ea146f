// Draws /openapi.json. Text of the document becomes text nodes only, never markup.
"use strict";

const METHODS = ["get", "post", "put", "patch", "delete", "head", "options"];

/** An element: tag, attributes, children (nodes, texts, or nothing). */
function el(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value !== undefined && value !== null && value !== false) node.setAttribute(name, value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** Text with `code` and line breaks between paragraphs, as descriptions use them. */
function prose(text) {
  return (text ?? "").trim().split(/\n\s*\n/).filter(Boolean).map((paragraph) =>
    el("p", {}, paragraph.split(/(`[^`]+`)/).map((part) =>
      part.startsWith("`") && part.length > 2 ? el("code", {}, part.slice(1, -1)) : part)));
}

function resolve(spec, node) {
  for (let hops = 0; node && node.$ref && hops < 20; hops += 1) {
    node = node.$ref.split("/").slice(1).reduce(
      (at, key) => at?.[key.replaceAll("~1", "/").replaceAll("~0", "~")], spec);
  }
  return node ?? {};
}

const refName = (schema) => schema?.$ref?.split("/").pop();
const anchor = (text) => text.replace(/[^a-zA-Z0-9]+/g, "-").replace(/^-|-$/g, "").toLowerCase();

/** The type of a schema in a few words, with links to named schemas. */
function typeOf(spec, schema) {
  if (!schema || schema === true) return ["any"];
  const name = refName(schema);
  if (name) return [el("a", { href: `#schema-${anchor(name)}` }, name)];
  const parts = schema.oneOf ?? schema.anyOf;
  if (parts) return parts.toSorted((a, b) => (a.type === "null") - (b.type === "null")).flatMap((part, index) => [index ? " or " : null, ...typeOf(spec, part)]);
  if (schema.allOf) return schema.allOf.flatMap((part, index) => [index ? " and " : null, ...typeOf(spec, part)]);
  if (schema.enum) return [schema.enum.map((value) => JSON.stringify(value)).join(" or ")];
  // "or null" reads better at the end.
  const types = [schema.type ?? "any"].flat().sort((a, b) => (a === "null") - (b === "null"));
  return types.flatMap((type, index) => [
    index ? " or " : null,
    ...(type === "array" ? ["array of ", ...typeOf(spec, schema.items)] : [type + (schema.format && type !== "null" ? ` (${schema.format})` : "")]),
  ]);
}

/** Bounds of a schema, in words. */
function bounds(schema) {
  const words = [];
  const add = (key, text) => { if (schema?.[key] !== undefined) words.push(`${text} ${JSON.stringify(schema[key])}`); };
  add("default", "default");
  add("minimum", "at least");
  add("maximum", "at most");
  add("minLength", "min length");
  add("maxLength", "max length");
  if (schema?.pattern) words.push(`matches ${schema.pattern}`);
  return words.join(", ");
}

function table(label, rows) {
  if (!rows.length) return null;
  return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": label }, el("table", {},
    el("thead", {}, el("tr", {}, ["Name", "Type", "Meaning"].map((head) => el("th", { scope: "col" }, head)))),
    el("tbody", {}, rows)));
}

function row(spec, name, schema, required, description, place) {
  const limit = bounds(schema);
  return el("tr", {},
    el("th", { scope: "row" }, el("code", {}, name), required ? el("span", { class: "required" }, "required") : null,
      place ? el("span", { class: "place" }, place) : null),
    el("td", {}, typeOf(spec, schema)),
    el("td", {}, prose(description ?? schema?.description), limit ? el("p", { class: "bounds" }, limit) : null));
}

/** Properties of an object, also where it is put together by allOf. */
function fields(spec, schema, seen = 0) {
  const whole = resolve(spec, schema);
  const own = Object.entries(whole.properties ?? {}).map(([name, property]) =>
    row(spec, name, property, (whole.required ?? []).includes(name)));
  return seen > 5 ? own : [...(whole.allOf ?? []).flatMap((part) => fields(spec, part, seen + 1)), ...own];
}

/** An example value: the document's own where it has one, else one made from the types. */
function example(spec, schema, depth = 0) {
  const whole = resolve(spec, schema);
  if (whole.example !== undefined) return whole.example;
  if (whole.examples?.length) return whole.examples[0];
  if (whole.default !== undefined && whole.default !== null) return whole.default;
  if (whole.enum) return whole.enum[0];
  const choice = (whole.oneOf ?? whole.anyOf)?.find((part) => part.type !== "null");
  if (choice) return example(spec, choice, depth + 1);
  const type = [whole.type ?? (whole.properties || whole.allOf ? "object" : "string")].flat().find((name) => name !== "null");
  if (depth > 4) return null;
  if (type === "object") {
    const value = Object.assign({}, ...(whole.allOf ?? []).map((part) => example(spec, part, depth + 1)));
    for (const [name, property] of Object.entries(whole.properties ?? {})) {
      if (depth === 0 && !(whole.required ?? Object.keys(whole.properties)).includes(name)) continue;
      value[name] = example(spec, property, depth + 1);
    }
    return value;
  }
  if (type === "array") return [example(spec, whole.items, depth + 1)];
  if (type === "integer" || type === "number") return whole.minimum ?? 1;
  if (type === "boolean") return true;
  return whole.format === "date-time" ? "2030-01-01T00:00:00Z" : "text";
}

const jsonOf = (content) => Object.entries(content ?? {}).find(([kind]) => kind.includes("json"));
const quote = (text) => `'${text.replaceAll("'", "'\\''")}'`;

function curl(spec, path, method, operation, parameters) {
  const open = (operation.security ?? spec.security ?? []).length === 0;
  const lines = [`curl${method === "get" ? "" : ` -X ${method.toUpperCase()}`} "${location.origin}${path}"`];
  if (!open) lines.push('-H "Authorization: Bearer $TOKEN"');
  for (const parameter of parameters.filter((one) => one.in === "header" && one.required)) {
    if (parameter.name === "Idempotency-Key") {
      lines.push('-H "Idempotency-Key: $(uuidgen)"');
      continue;
    }
    const value = parameter.example ?? resolve(spec, parameter.schema).example ?? "…";
    lines.push(`-H ${quote(`${parameter.name}: ${value}`)}`);
  }
  const body = jsonOf(resolve(spec, operation.requestBody).content);
  if (body) {
    lines.push(`-H "Content-Type: ${body[0]}"`);
    lines.push(`-d ${quote(JSON.stringify(body[1].example ?? example(spec, body[1].schema)))}`);
  }
  return lines.join(" \\\n  ");
}

/** A block of code with a button that copies it. */
function copyable(text, label) {
  const button = el("button", { type: "button", class: "copy", "aria-label": `Copy ${label}` }, "Copy");
  button.addEventListener("click", async () => {
    let word = "Copied";
    try { await navigator.clipboard.writeText(text); } catch { word = "Select and copy by hand"; }
    button.textContent = word;
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
  return el("div", { class: "code" }, button, el("pre", { tabindex: "0" }, el("code", {}, text)));
}

function responses(spec, operation) {
  const all = Object.entries(operation.responses ?? {});
  return all.map(([status, response]) => {
    const whole = resolve(spec, response);
    const content = jsonOf(whole.content) ?? Object.entries(whole.content ?? {})[0];
    const kind = status.startsWith("2") ? "good" : "bad";
    return el("li", {}, el("span", { class: `status ${kind}` }, status), el("div", {}, prose(whole.description),
      content ? el("p", { class: "type" }, content[1].schema ? typeOf(spec, content[1].schema) : null, ` as ${content[0]}`) : null));
  });
}

function operation(spec, path, method, op, shared) {
  const parameters = [...(shared ?? []), ...(op.parameters ?? [])].map((one) => resolve(spec, one));
  const body = jsonOf(resolve(spec, op.requestBody).content);
  const id = `op-${anchor(op.operationId ?? `${method} ${path}`)}`;
  const title = op.summary ?? op.operationId ?? path;
  return el("article", { class: "operation", id },
    el("h3", {}, title),
    el("p", { class: "route" }, el("span", { class: `method ${method}` }, method.toUpperCase()), el("code", {}, path)),
    op.deprecated ? el("p", { class: "note" }, "Deprecated.") : null,
    prose(op.description),
    parameters.length ? el("h4", {}, "Parameters") : null,
    table(`Parameters of ${title}`,
      parameters.map((one) => row(spec, one.name, one.schema, one.required, one.description, one.in))),
    body ? el("h4", {}, "Body ", el("span", { class: "type" }, typeOf(spec, body[1].schema))) : null,
    body ? table(`Body of ${title}`, fields(spec, body[1].schema)) : null,
    el("h4", {}, "Responses"), el("ul", { class: "responses" }, responses(spec, op)),
    el("h4", {}, "Try it"), copyable(curl(spec, path, method, op, parameters), `the curl command for ${title}`));
}

function schema(spec, name, one) {
  const rows = fields(spec, one);
  return el("article", { class: "schema", id: `schema-${anchor(name)}` },
    el("h3", {}, el("code", {}, name)), prose(one.description),
    rows.length ? table(`Fields of ${name}`, rows) : el("p", { class: "type" }, typeOf(spec, one), bounds(one) ? `, ${bounds(one)}` : ""));
}

/** Operations by tag, in the order of the document's tags, then of first use. */
function byTag(spec) {
  const groups = new Map((spec.tags ?? []).map((tag) => [tag.name, []]));
  for (const [path, item] of Object.entries(spec.paths ?? {})) {
    for (const method of METHODS.filter((name) => item[name])) {
      const tag = item[method].tags?.[0] ?? "other";
      if (!groups.has(tag)) groups.set(tag, []);
      groups.get(tag).push({ path, method, op: item[method], shared: item.parameters });
    }
  }
  return [...groups].filter(([, operations]) => operations.length);
}

function draw(spec) {
  const content = document.getElementById("content");
  const links = document.getElementById("links");
  const info = spec.info ?? {};
  const page = [el("h1", {}, info.title ?? "API", " ", el("span", { class: "version" }, info.version ?? "")), ...prose(info.description)];
  for (const [tag, operations] of byTag(spec)) {
    const about = (spec.tags ?? []).find((one) => one.name === tag)?.description;
    const articles = operations.map(({ path, method, op, shared }) => operation(spec, path, method, op, shared));
    page.push(el("section", { "aria-labelledby": `tag-${anchor(tag)}` }, el("h2", { id: `tag-${anchor(tag)}` }, tag), prose(about), articles));
    links.append(el("section", {}, el("h2", {}, tag), el("ul", {}, operations.map(({ path, method, op }, index) =>
      el("li", { "data-text": `${method} ${path} ${op.summary ?? ""}`.toLowerCase() },
        el("a", { href: `#${articles[index].id}`, title: `${method.toUpperCase()} ${path}` },
          el("span", { class: `method ${method}` }, method.toUpperCase()), el("span", {}, op.summary ?? path)))))));
  }
  const schemas = Object.entries(spec.components?.schemas ?? {});
  if (schemas.length) {
    page.push(el("section", { "aria-labelledby": "schemas" }, el("h2", { id: "schemas" }, "Schemas"),
      schemas.map(([name, one]) => schema(spec, name, one))));
    links.append(el("section", {}, el("h2", {}, el("a", { href: "#schemas" }, "Schemas"))));
  }
  content.replaceChildren(...page);
  document.getElementById("filter").addEventListener("input", (event) => {
    const wanted = event.target.value.trim().toLowerCase();
    for (const item of links.querySelectorAll("li")) item.hidden = !item.dataset.text.includes(wanted);
    for (const group of links.querySelectorAll("section")) {
      group.hidden = wanted !== "" && ![...group.querySelectorAll("li")].some((item) => !item.hidden);
    }
  });
  if (location.hash) document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
}

async function start() {
  for (const origin of document.querySelectorAll("[data-origin]")) origin.textContent = location.origin;
  const state = document.getElementById("state");
  if (!state) return;
  try {
    const answer = await fetch("/openapi.json");
    if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
    draw(await answer.json());
  } catch (error) {
    state.textContent = `The description of the API could not be shown: ${error.message}. Reload to try again.`;
  }
}

start();
