// Shows what POST /v1/wallboard answers, every few seconds. Between two answers only the agents' times go on.
const REFRESH_MS = 5000;
const TIMEOUT_MS = 8000;
// An answer that is older than this is shown as old.
const STALE_MS = 20000;
// More agents than this get a line each.
const MANY = 120;
const KEY = "paidline-wallboard-hash";
const STATUSES = { inConversation: "talking", online: "online", pause: "paused", offline: "offline" };

const byId = (id) => document.getElementById(id);
const order = Object.keys(STATUSES);
// The list items, by the agents' userId: those that stay are moved and changed, not made anew.
const items = new Map();
let board = null;
let answeredAt = 0;
let timer = 0;
// Why there is no newer answer.
let trouble = "";

function duration(seconds) {
  const two = (number) => String(number).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  if (hours >= 24) return `${Math.floor(hours / 24)} d ${hours % 24} h`;
  return (hours ? `${hours}:` : "") + `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}

function item(agent) {
  const made = document.createElement("li");
  made.append(document.createElement("b"), document.createElement("span"));
  made.lastChild.append(document.createElement("i"), document.createElement("time"));
  items.set(agent.userId, made);
  return made;
}

function ageSeconds() {
  return Math.floor((Date.now() - answeredAt) / 1000);
}

function showAgents() {
  const age = ageSeconds();
  const seconds = (agent) => (agent.statusSeconds === "" ? -1 : Number(agent.statusSeconds) + age);
  const sorted = [...board.agents].sort(
    (one, other) => order.indexOf(one.status) - order.indexOf(other.status) || seconds(other) - seconds(one),
  );
  const shown = sorted.map((agent) => {
    const found = items.get(agent.userId) ?? item(agent);
    found.className = agent.status;
    found.firstChild.textContent = agent.ref;
    found.lastChild.firstChild.textContent = STATUSES[agent.status];
    found.lastChild.lastChild.textContent = seconds(agent) < 0 ? "" : duration(seconds(agent));
    return found;
  });
  const list = byId("agents");
  list.classList.toggle("many", shown.length > MANY);
  // Moving an item that is where it belongs would interrupt a reader.
  if (shown.length !== list.children.length || shown.some((found, place) => list.children[place] !== found)) {
    list.replaceChildren(...shown);
  }
}

function show() {
  for (const status of order) byId(status).textContent = board.agents.filter((agent) => agent.status === status).length;
  // A process that has just started may need more than one answer to count the day's calls.
  for (const name of ["openCalls", "callsToday", "tokensToday"]) byId(name).textContent = board[name] || "…";
  byId("longest").textContent = board.openCalls === "0" ? "" : `longest ${duration(Number(board.longestCallSeconds))}`;
  byId("answered").textContent = board.answeredToday ? `${board.answeredToday} answered` : "counting…";
  byId("time").textContent = board.time;
  for (const userId of [...items.keys()]) {
    if (!board.agents.some((agent) => agent.userId === userId)) items.delete(userId);
  }
  showAgents();
  showRefusals();
}

function tick() {
  if (!board) return;
  showAgents();
  const stale = Date.now() - answeredAt > STALE_MS;
  byId("board").classList.toggle("stale", stale);
  if (stale) byId("problem").textContent = `${trouble} Last update ${duration(ageSeconds())} ago.`;
}

function ask(reason) {
  clearTimeout(timer);
  localStorage.removeItem(KEY);
  board = null;
  byId("board").hidden = true;
  byId("waiting").textContent = "";
  byId("enter").hidden = false;
  byId("refused").textContent = reason;
  byId("hash").value = "";
  byId("hash").focus();
}

async function look(hash) {
  const response = await fetch("/v1/wallboard", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ authenticationHash: hash }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  return { ...(await response.json()), refused: response.headers.get("x-error-reason") };
}

async function refresh() {
  const hash = localStorage.getItem(KEY);
  const answer = await look(hash).catch(() => ({}));
  // Meanwhile it was forgotten, or another one entered.
  if (localStorage.getItem(KEY) !== hash) return;
  const elsewhere = answer.refused === "source_not_allowed";
  if ([10, 40].includes(answer.code) && !elsewhere) return ask("This hash is not valid for the wallboard.");
  if (answer.code === 20) receive(answer.board);
  else wait(elsewhere ? "This hash may not be used from this network." : "The service is not responding.");
  // Only one, however often the form was sent.
  clearTimeout(timer);
  timer = setTimeout(refresh, REFRESH_MS);
}

function receive(received) {
  board = received;
  answeredAt = Date.now();
  trouble = "";
  for (const name of ["problem", "waiting"]) byId(name).textContent = "";
  byId("enter").hidden = true;
  byId("board").hidden = false;
  byId("board").classList.remove("stale");
  show();
}

function wait(why) {
  trouble = why;
  // A board that is shown says it once its answer is old.
  if (!board) byId("waiting").textContent = `${why} Retrying…`;
}

function showRefusals() {
  byId("reasons").replaceChildren(
    ...board.refusalsToday.slice(0, 15).map(({ reason, count }) => {
      const row = document.createElement("li");
      row.append(reason, document.createElement("b"));
      row.lastChild.textContent = count;
      return row;
    }),
  );
  if (!board.refusalsToday.length) byId("reasons").textContent = "None";
}

byId("enter").addEventListener("submit", (event) => {
  event.preventDefault();
  localStorage.setItem(KEY, byId("hash").value.trim());
  byId("refused").textContent = "";
  start();
});
byId("leave").addEventListener("click", () => ask(""));

function start() {
  byId("waiting").textContent = "Loading…";
  refresh();
}

setInterval(tick, 1000);
if (localStorage.getItem(KEY)) start();
else ask("");
