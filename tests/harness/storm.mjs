// Many clients at once, each doing one thing after another, while something happens to the server.

// Answers every outcome: { client, round, answer } or { client, round, error }. Each client goes on until `over()` and at least `rounds` times.
export async function storm({ clients, rounds, attempt, over = () => true }) {
  const outcomes = [];
  await Promise.all(Array.from({ length: clients }, async (_, client) => {
    for (let round = 0; round < rounds || !over(); round++) {
      try {
        outcomes.push({ client, round, answer: await attempt(client, round) });
      } catch (error) {
        if (error.code === 'ERR_ASSERTION') throw error;
        outcomes.push({ client, round, error });
      }
    }
  }));
  return outcomes;
}

export function tally(outcomes) {
  const counts = {};
  for (const { answer, error } of outcomes) {
    const key = error ? error.code ?? error.message : answer.json?.code ?? String(answer.status);
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}
