// Serves what tests/adapters/test_model_strangers.py asks for; prints its address, and ends with whoever started it.
import { LLMock } from "@copilotkit/aimock";

const outline = { content: JSON.stringify({ title: "Rivers", parts: [{ pages: 3 }] }) };
const mock = new LLMock({ port: 0, host: "127.0.0.1", chunkSize: 12 });
mock.onMessage("Describe", {
  content: "Two rivers meet below the old bridge: Дніпро і Десна.",
  usage: { prompt_tokens: 7, completion_tokens: 11, input_tokens: 7, output_tokens: 11 },
});
mock.on({ userMessage: "Outline", responseFormat: "json_schema" }, outline);
mock.on({ userMessage: "Outline", model: /^claude/ }, outline);
mock.onMessage("Hurry", { error: { message: "slow down", type: "rate_limit_error" }, status: 429 });
mock.onMessage("Break off", { content: "word ".repeat(100) }, { truncateAfterChunks: 3 });
await mock.start();
console.log(mock.url);
process.stdin.on("end", () => process.exit(0)).resume();
