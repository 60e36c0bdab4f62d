// Server-sent events by `fetch`, which, unlike `EventSource`, can send a token.

const RETRY = 1000;

/** Reads `/api/v1/live` for ever. `on` has a function for each event, and `state`, `unauthorized`. */
export async function read(on, token) {
  for (;;) {
    try {
      const headers = token() ? { Authorization: `Bearer ${token()}` } : {};
      const response = await fetch("api/v1/live", { headers, cache: "no-store" });
      if (response.status === 401) {
        on.state("a token is needed", false);
        await on.unauthorized();
        continue;
      }
      if (!response.ok) throw new Error((await response.json()).detail);
      on.state("live", true);
      await events(response.body, on);
      on.state("the feed has ended; trying again …", false);
    } catch (error) {
      on.state(`no answer (${error.message}); trying again …`, false);
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY));
  }
}

async function events(body, on) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const parts = (rest + value).split("\n\n");
    rest = parts.pop();
    for (const part of parts) tell(part, on);
  }
}

function tell(part, on) {
  const fields = part.split("\n").map((line) => line.split(/: ?(.*)/s, 2));
  const field = (name) => fields.filter(([key]) => key === name).map(([, value]) => value).join("\n");
  const data = field("data");
  if (data) on[field("event")]?.(JSON.parse(data));
}
