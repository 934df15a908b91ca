/** Sends what comes in on standard input (a JSON list) and says what was answered. */

import axios from 'axios';

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

/** The axios that a sample requires: its answer, or the one it failed with, is kept too. */
function axiosHeardBy(asked) {
  const heard = axios.create();
  asked.push(
    new Promise((resolve, reject) => {
      heard.interceptors.response.use(
        (answer) => {
          resolve(keptOfAxios(answer));
          return answer;
        },
        (failure) => {
          if (failure.response === undefined) reject(failure);
          else resolve(keptOfAxios(failure.response));
          throw failure;
        },
      );
    }),
  );
  return heard;
}

function keptOfAxios({ status, headers, data }) {
  return { status, headers: { ...headers }, body: typeof data === 'string' ? data : JSON.stringify(data) };
}

async function answerOf({ code, method, url, headers, body }) {
  if (code === undefined) return kept(await fetch(url, { method, headers, body }));
  const { ask, asked } = listening();
  new Function('fetch', 'require', code)(ask, () => axiosHeardBy(asked));
  return asked[0];
}

let text = '';
for await (const chunk of process.stdin) text += chunk;
const answers = [];
for (const item of JSON.parse(text)) answers.push(await answerOf(item));
process.stdout.write(JSON.stringify(answers));
