// Asking the server, so that nothing is lost and nobody is flooded. All parts of the page begin with this.

const LEAST = 12; // ms between two requests, or a fast mouse on a fast machine would make hundreds a second
const PATIENCE = 8000; // ms until a request counts as failed
const RETRY = 250; // ms until it is tried again, twice as long each time …
const LONGEST = 4000; // … up to this

const pause = (ms) => ms > 0 && new Promise((resolve) => setTimeout(resolve, ms));

// A function that asks the server, one request at a time: of what is wanted meanwhile, only the newest is asked for.
// What gets no answer (the server is gone, restarts or is too busy) is tried again; `trouble` hears of it if it lasts.
function newest(ask, use, trouble, patience = PATIENCE) {
  let wanted = null, busy = false, asked = -LEAST;
  async function work() {
    for (let failures = 0; wanted; ) {
      await pause(asked + LEAST - performance.now());
      asked = performance.now();
      const { thing } = wanted;
      wanted = null;
      const answer = await Promise.race([ask(thing), pause(patience)]);
      if (answer) {
        if (failures > 1) trouble(false);
        failures = 0;
        use(answer, thing);
      } else {
        wanted ??= { thing };
        if (++failures > 1) trouble(true);
        await pause(Math.min(RETRY * 2 ** (failures - 1), LONGEST));
      }
    }
  }
  return (thing) => {
    wanted = { thing };
    if (busy) return;
    busy = true;
    work().finally(() => (busy = false));
  };
}
