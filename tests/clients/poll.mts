// Make the video at URL mute and print where the copy is. Node.js 22.6 or newer, Deno or Bun.
//
//   RENDERIO_URL=https://box.example.org RENDERIO_KEY=ffsk_... node --experimental-strip-types poll.mts URL

interface OutputFile {
  file_id: string;
  storage_url: string | null;
  status: "PROCESSING" | "STORED" | "FAILED";
  filename: string;
  size_mbytes: number | null;
  duration?: number | null;
  codec?: string | null;
}

interface Command {
  command_id: string;
  status: "QUEUED" | "PROCESSING" | "SUCCESS" | "FAILED";
  command_type: "FFMPEG_COMMAND" | "CHAINED_COMMAND" | "MULTIPLE_COMMAND";
  total_processing_seconds?: number | null;
  error_status?: string | null;
  error_message?: string | null;
  output_files?: Record<string, OutputFile>;
}

interface Problem {
  error: string;
  message: string;
}

interface RunRequest {
  ffmpeg_command: string;
  input_files: Record<string, string>;
  output_files: Record<string, string>;
  metadata?: Record<string, string | number | boolean>;
}

class RenderIO {
  private readonly api: string;
  private readonly key: string;

  constructor(url: string, key: string) {
    this.api = `${url}/api/v1`;
    this.key = key;
  }

  async run(request: RunRequest): Promise<string> {
    const answer = await this.call<{ command_id: string }>("/run-ffmpeg-command", request);
    return answer.command_id;
  }

  async waitFor(commandId: string, atMostMs = 600_000): Promise<Command> {
    const deadline = Date.now() + atMostMs;
    for (let pause = 200; Date.now() < deadline; pause = Math.min(pause * 2, 10_000)) {
      const command = await this.call<Command>(`/commands/${commandId}`);
      if (command.status === "SUCCESS" || command.status === "FAILED") {
        return command;
      }
      await new Promise<void>((resolve) => setTimeout(resolve, pause));
    }
    throw new Error(`${commandId} is still not done`);
  }

  private async call<T>(path: string, body?: RunRequest): Promise<T> {
    const response = await fetch(this.api + path, {
      method: body ? "POST" : "GET",
      headers: { "Content-Type": "application/json", "X-API-KEY": this.key },
      body: body && JSON.stringify(body),
    });
    if (!response.ok) {
      const problem = (await response.json()) as Problem;
      throw new Error(`${problem.error}: ${problem.message}`);
    }
    return (await response.json()) as T;
  }
}

const box = new RenderIO(process.env.RENDERIO_URL ?? "", process.env.RENDERIO_KEY ?? "");
const commandId = await box.run({
  ffmpeg_command: "-i {{in_video}} -an -c:v copy {{out_mute}}",
  input_files: { in_video: process.argv[2] ?? "" },
  output_files: { out_mute: "mute.mp4" },
  metadata: { made_by: "poll.mts", copies: 1 },
});
const command = await box.waitFor(commandId);
if (command.error_message) {
  console.error(command.error_message);
  process.exit(1);
}
console.log(command.output_files?.out_mute?.storage_url);
