// Signing out of the panel is signing out of what stands behind it: the next request is not let through.
document.querySelector('#sign-out')?.addEventListener('click', async () => {
  const answer = await fetch('/api/session', { method: 'DELETE', headers: { 'X-Requested-By': 'tillgate-panel' } })
  if (answer.ok || answer.status === 401) location.reload()
})
