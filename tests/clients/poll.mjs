// Make a WebP thumbnail of the video at URL and print where it is. Node.js 18 or newer.
//
//   RENDERIO_URL=https://box.example.org RENDERIO_KEY=ffsk_... node poll.mjs URL

const api = `${process.env.RENDERIO_URL}/api/v1`;
const headers = {
  "Content-Type": "application/json",
  "X-API-KEY": process.env.RENDERIO_KEY,
};

async function call(path, options = {}) {
  const response = await fetch(api + path, { headers, ...options });
  const body = await response.json();
  if (!response.ok) {
    throw new Error(`${body.error}: ${body.message}`);
  }
  return body;
}

async function runCommand(request) {
  const { command_id } = await call("/run-ffmpeg-command", {
    method: "POST",
    body: JSON.stringify(request),
  });
  for (;;) {
    const command = await call(`/commands/${command_id}`);
    if (command.status === "SUCCESS") {
      return command.output_files;
    }
    if (command.status === "FAILED") {
      throw new Error(command.error);
    }
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}

try {
  const files = await runCommand({
    ffmpeg_command: "ffmpeg -i <<in_video>> -vf scale=160:-1 -frames:v 1 <<out_thumbnail>>",
    input_files: { in_video: process.argv[2] },
    output_files: { out_thumbnail: "thumbnail.webp" },
  });
  console.log(files.out_thumbnail.storage_url);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
