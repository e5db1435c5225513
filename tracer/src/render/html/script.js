"use strict";
// Tables sort and filter, the recording can be saved. Without a script the page shows all of it all the same.
{
  const value = (row, column) => {
    const cell = row.cells[column];
    const figure = cell.dataset.v;
    if (figure !== undefined) return /^\d+$/.test(figure) ? BigInt(figure) : Number(figure);
    return cell.classList.contains("unknown") || cell.textContent === "" ? null : cell.textContent;
  };

  // What is not known comes last, whichever way the rest goes.
  const compare = (a, b, sign) => {
    if (a === null || b === null) return (a === null) - (b === null);
    const [words, others] = [a, b].map((value) => typeof value === "string");
    if (words !== others) return words ? 1 : -1;
    if (words) return sign * a.localeCompare(b, "en", { numeric: true });
    return sign * (a < b ? -1 : a > b ? 1 : 0);
  };

  const tell = (table, how) => {
    const status = table.closest(".listing").querySelector(".rows");
    const rows = table.tBodies[0].rows;
    const shown = [...rows].filter((row) => !row.hidden).length;
    const word = rows.length === 1 ? status.dataset.one : status.dataset.many;
    const all = rows.length.toLocaleString("en") + " " + word;
    status.textContent = (shown === rows.length ? all : shown.toLocaleString("en") + " of " + all) + how;
  };

  const sort = (table, heading) => {
    const column = heading.cellIndex;
    const rows = [...table.tBodies[0].rows];
    const isFigure = heading.classList.contains("figure");
    const before = heading.getAttribute("aria-sort");
    const direction = before === null ? (isFigure ? "descending" : "ascending")
      : before === "ascending" ? "descending" : "ascending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", direction);
    const sign = direction === "ascending" ? 1 : -1;
    const keyed = rows.map((row) => [value(row, column), row]);
    keyed.sort((a, b) => compare(a[0], b[0], sign));
    table.tBodies[0].append(...keyed.map((pair) => pair[1]));
    tell(table, ", by " + heading.textContent + " " + direction);
  };

  const filter = (table, text) => {
    const words = text.toLowerCase().split(/\s+/).filter((word) => word !== "");
    for (const row of table.tBodies[0].rows) {
      const said = [...row.cells].map((cell) => cell.textContent).join("\n").toLowerCase();
      row.hidden = !words.every((word) => said.includes(word));
    }
    tell(table, "");
  };

  for (const button of document.querySelectorAll("th button")) {
    button.addEventListener("click", () => sort(button.closest("table"), button.closest("th")));
  }
  for (const input of document.querySelectorAll("input[data-table]")) {
    const table = document.getElementById(input.dataset.table);
    input.closest(".controls").hidden = false;
    input.addEventListener("input", () => filter(table, input.value));
  }

  // An old browser saves it as it is carried, compressed.
  const unpacked = async (text) => {
    const packed = new Blob([Uint8Array.from(atob(text), (byte) => byte.charCodeAt(0))]);
    if (typeof DecompressionStream === "undefined") return [packed, "recording.json.gz"];
    const stream = packed.stream().pipeThrough(new DecompressionStream("gzip"));
    return [await new Response(stream).blob(), "recording.json"];
  };

  const data = document.getElementById("recording-data");
  const button = document.getElementById("download");
  if (data && button) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const [blob, name] = await unpacked(data.textContent);
      const link = document.createElement("a");
      link.href = URL.createObjectURL(blob);
      link.download = name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    });
  }

  // Paper shows all rows and every figure; the screen is then as it was.
  let closed = [];
  let hidden = [];
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details:not([open])")];
    hidden = [...document.querySelectorAll("tbody tr[hidden]")];
    for (const details of closed) details.open = true;
    for (const row of hidden) row.hidden = false;
  });
  addEventListener("afterprint", () => {
    for (const details of closed) details.open = false;
    for (const row of hidden) row.hidden = true;
  });
}
