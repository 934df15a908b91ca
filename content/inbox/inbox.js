// Announces new mail without moving the mail that is being read.
const count = document.getElementById('count');
const news = document.getElementById('new-mail');
document.querySelector('form[action="/clear"]').addEventListener('submit', (event) => {
  if (!confirm('Delete all mails of this inbox?')) event.preventDefault();
});
setInterval(async () => {
  const query = count.dataset.to === '' ? '' : `?${new URLSearchParams({ to: count.dataset.to })}`;
  const answer = await fetch(`/api/count${query}`).catch(() => undefined);
  if (!answer?.ok) return;
  const { count: total } = await answer.json();
  if (total === Number(count.dataset.total)) return;
  news.hidden = false;
  news.firstElementChild.href = `/${query}`;
}, 2000);
