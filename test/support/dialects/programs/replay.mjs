/** Sends what comes in on standard input (a JSON list) and says what was answered. */

/** What a sample calls: the answer is kept beside it. */
function listening() {
  const asked = [];
  const ask = (url, init) => {
    const answer = fetch(url, init);
    asked.push(answer.then((given) => kept(given.clone())));
    return answer;
  };
  return { ask, asked };
}

async function kept(answer) {
  return { status: answer.status, headers: Object.fromEntries(answer.headers), body: await answer.text() };
}

/** As much of axios as the samples use. */
function axiosOver(ask) {
  return {
    post: (url, data, { headers }) => ask(url, { method: 'POST', headers, body: JSON.stringify(data) }),
  };
}

async function answerOf({ code, method, url, headers, body }) {
  if (code === undefined) return kept(await fetch(url, { method, headers, body }));
  const { ask, asked } = listening();
  new Function('fetch', 'require', code)(ask, () => axiosOver(ask));
  return asked[0];
}

let text = '';
for await (const chunk of process.stdin) text += chunk;
const answers = [];
for (const item of JSON.parse(text)) answers.push(await answerOf(item));
process.stdout.write(JSON.stringify(answers));
