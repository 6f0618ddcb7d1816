/* <tg-progress data-url data-words>: follows a job over a WebSocket, and has its part of the page fetched anew. */

interface Message {
  type: "snapshot" | "status" | "stage" | "section";
  seq: number;
  job_id: string | null;
  status: string;
  progress: number;
  stage: string;
  sections_done: number;
  sections_total: number;
}

const RUNNING = ["queued", "running", "generating"];
const REFUSED = [4401, 4404];
const FEWEST_MS_BETWEEN_REFRESHES = 800;
const LONGEST_WAIT_MS = 8000;

export class LiveProgress extends HTMLElement {
  private socket?: WebSocket;
  private lastSeq?: number;
  private jobId?: string | null;
  private failures = 0;
  private refreshTimer = 0;
  private refreshedAt = 0;
  private reconnectTimer = 0;
  private words: Record<string, string> = {};

  connectedCallback(): void {
    this.words = JSON.parse(this.dataset.words ?? "{}");
    this.open();
  }

  disconnectedCallback(): void {
    clearTimeout(this.refreshTimer);
    clearTimeout(this.reconnectTimer);
    const socket = this.socket;
    this.socket = undefined;
    socket?.close();
  }

  private open(): void {
    const address = new URL(this.dataset.url ?? "", location.href);
    address.protocol = address.protocol.replace("http", "ws");
    if (this.lastSeq !== undefined) address.searchParams.set("after", String(this.lastSeq));
    const socket = new WebSocket(address);
    this.socket = socket;
    socket.onmessage = (event) => this.show(JSON.parse(event.data));
    socket.onclose = (event) => {
      if (socket !== this.socket) return;
      if (REFUSED.includes(event.code)) return location.reload();
      this.say(this.words.lost);
      const wait = Math.min(LONGEST_WAIT_MS, 500 * 2 ** this.failures++) * (0.7 + 0.6 * Math.random());
      this.reconnectTimer = window.setTimeout(() => this.open(), wait);
    };
  }

  private show(message: Message): void {
    const isSnapshot = message.type === "snapshot";
    const missedSome = isSnapshot && this.lastSeq !== undefined && message.seq !== this.lastSeq;
    const isOtherJob = this.jobId !== undefined && message.job_id !== this.jobId;
    this.failures = 0;
    this.lastSeq = message.seq;
    this.jobId = message.job_id;
    if (!RUNNING.includes(message.status)) {
      const news = document.querySelector<HTMLElement>("#news");
      if (news) news.textContent = this.words[message.status] ?? "";
      return this.refresh();
    }
    const bar = this.querySelector("progress");
    const percent = this.querySelector<HTMLElement>(".percent");
    if (bar) bar.value = isOtherJob ? message.progress : Math.max(bar.value, message.progress);
    if (bar && percent) percent.textContent = `${bar.value} %`;
    this.say(this.line(message));
    if (!isSnapshot || missedSome) this.refresh();
  }

  private line(message: Message): string | undefined {
    if (message.status === "queued") return this.words.waiting;
    if (message.stage === "sections" && message.sections_total > 0) {
      return this.words.of_sections
        ?.replace("{done}", String(message.sections_done))
        .replace("{total}", String(message.sections_total));
    }
    return this.words[message.stage || "waiting"];
  }

  private say(text: string | undefined): void {
    const line = this.querySelector<HTMLElement>("[role=status]");
    if (line && text && line.textContent !== text) line.textContent = text;
  }

  /* Have the page fetched anew: now, or when the last time is long enough ago. */
  private refresh(): void {
    if (this.refreshTimer) return;
    const wait = Math.max(0, this.refreshedAt + FEWEST_MS_BETWEEN_REFRESHES - Date.now());
    this.refreshTimer = window.setTimeout(() => {
      this.refreshTimer = 0;
      this.refreshedAt = Date.now();
      this.dispatchEvent(new CustomEvent("progressed", { bubbles: true }));
    }, wait);
  }
}
