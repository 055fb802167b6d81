// Two things the theme's search lacks. The names IFrameWorker and Worker, and a query as {type: 2}, are the theme's.
{
  // A page opened from a folder may not start a worker. This stands in for one: the script runs in a hidden frame, and
  // nothing is fetched from anywhere else.
  class IFrameWorker extends EventTarget {
    constructor(url) {
      super();
      const frame = document.createElement("iframe");
      frame.hidden = true;
      document.documentElement.appendChild(frame);
      const inner = (this.inner = frame.contentWindow);
      const load = (source) =>
        new Promise((done, failed) => {
          const script = inner.document.createElement("script");
          Object.assign(script, { src: source, onload: done, onerror: failed });
          inner.document.body.appendChild(script);
        });
      inner.postMessage = (data) => this.dispatchEvent(new MessageEvent("message", { data }));
      inner.importScripts = (...sources) =>
        sources.reduce((before, source) => before.then(() => load(source)), Promise.resolve());
      this.loaded = load(new URL(url, document.baseURI).href);
    }

    postMessage(data) {
      this.loaded.then(() => this.inner.dispatchEvent(new MessageEvent("message", { data })));
    }
  }
  const folder = location.protocol === "file:";
  if (folder) window.IFrameWorker = IFrameWorker;

  // Chinese has no blanks: the index holds single characters, and a place is found that has all of those typed.
  const spread = (text) => text.replace(/[\u4e00-\u9fff]/g, " +$& ").trim();
  window.Worker = class extends (folder ? IFrameWorker : window.Worker) {
    postMessage(message) {
      super.postMessage(message.type === 2 ? { ...message, data: spread(message.data) } : message);
    }
  };
}
