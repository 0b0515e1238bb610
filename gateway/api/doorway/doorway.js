// Leads on to HTTPS as soon as this browser trusts the gateway; until then the page explains how to make it.
(() => {
  'use strict';

  // A gateway answers in milliseconds; one that cannot be reached must not keep anyone waiting.
  const PATIENCE_MS = 5000;

  const root = document.documentElement;
  const gateway = root.dataset.https;
  let asking = false;

  // The fragment too: it holds the code of a claim link.
  const there = () => gateway + location.pathname + location.search + location.hash;

  const isTrusted = async () => {
    const stop = new AbortController();
    const late = setTimeout(() => stop.abort(), PATIENCE_MS);
    try {
      // What it says cannot be read from here, and need not be: that it came means that its certificate was accepted.
      await fetch(`${gateway}/healthz`, {
        mode: 'no-cors',
        cache: 'no-store',
        credentials: 'omit',
        signal: stop.signal,
      });
      return true;
    } catch {
      return false;
    } finally {
      clearTimeout(late);
    }
  };

  const tryIt = async () => {
    if (asking) return;
    asking = true;
    try {
      if (await isTrusted()) {
        root.dataset.state = 'trusted';
        location.replace(there());
      } else {
        root.dataset.state = 'untrusted';
      }
    } finally {
      asking = false;
    }
  };

  const platform = () => {
    const agent = navigator.userAgent;
    if (/Android/.test(agent)) return 'android';
    // An iPad says that it is a Mac, but a Mac has no touch screen.
    if (/iPhone|iPad|iPod/.test(agent) || (/Macintosh/.test(agent) && navigator.maxTouchPoints > 1)) return 'ios';
    if (/Firefox\//.test(agent)) return 'firefox';
    if (/Windows/.test(agent)) return 'windows';
    if (/Macintosh/.test(agent)) return 'macos';
    return 'linux';
  };

  const showPage = () => {
    const own = document.getElementById(platform());
    own.open = true;
    own.parentElement.prepend(own);

    const anyway = document.getElementById('anyway');
    anyway.href = there();
    addEventListener('hashchange', () => (anyway.href = there()));

    const again = document.getElementById('again');
    const outcome = document.getElementById('outcome');
    again.addEventListener('click', async () => {
      outcome.textContent = 'Checking …';
      await tryIt();
      if (root.dataset.state === 'untrusted') {
        outcome.textContent = 'Not yet. If you have installed it, close this browser completely and open it again.';
      }
    });

    // Whoever comes back from the settings has perhaps just installed it.
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'visible') tryIt();
    });
    addEventListener('pageshow', (event) => {
      if (event.persisted) tryIt();
    });
  };

  root.dataset.state = 'checking';
  tryIt();
  document.addEventListener('DOMContentLoaded', showPage);
})();
