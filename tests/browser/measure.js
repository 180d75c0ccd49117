// What a page in the frame `page` looks like, as JSON in the element `said`; lengths in pixels.
const frame = document.getElementById("page");
frame.onload = () => {
  const inside = frame.contentDocument, root = inside.documentElement;
  const cells = [...inside.querySelectorAll("td, th")];
  const box = (cell) => cell.getBoundingClientRect();
  const text = (cell) => {
    const range = inside.createRange();
    range.selectNodeContents(cell);
    return range.getBoundingClientRect();
  };
  // a cell can be read if it is in the window, or in what can be scrolled there
  const reachable = (cell) => {
    const right = text(cell).right, around = cell.closest(".wide");
    if (cell.scrollWidth > cell.clientWidth + 1) return false;
    if (right <= root.clientWidth + 1) return true;
    return around !== null && getComputedStyle(around).overflowX === "auto"
      && right <= box(around).left + around.scrollWidth + 1;
  };
  const filled = cells.filter((cell) => cell.textContent.trim() && !cell.closest("tr.told"));
  const over = [];
  for (const row of inside.querySelectorAll("tr")) {
    const boxes = [...row.children].filter((cell) => cell.textContent.trim()).map((cell) => [text(cell), cell]);
    for (let i = 1; i < boxes.length; i += 1) {
      if (boxes[i - 1][0].right > boxes[i][0].left + 0.5) over.push(boxes[i][1].textContent);
    }
  }
  const sizes = [...inside.body.querySelectorAll("*")].map((each) => parseFloat(getComputedStyle(each).fontSize));
  document.getElementById("said").textContent = JSON.stringify({
    figures: inside.querySelectorAll("td.n").length,
    width_px: root.scrollWidth,
    out_of_reach: filled.filter((cell) => !reachable(cell)).map((cell) => cell.textContent),
    beyond_the_edge: filled.filter((cell) => box(cell).right > root.clientWidth + 1).map((cell) => cell.textContent),
    written_over: over,
    smallest_px: Math.min(...sizes),
    fetched: frame.contentWindow.performance.getEntriesByType("resource").map((each) => each.name),
    ran: Boolean(window.ran),
  });
};
