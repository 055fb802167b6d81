// What the pages do beyond plain forms: live tiles, upload with progress, and a question before what cannot be undone.
(() => {
  const marks = { pending: "·", sending: "…", retrying: "↻", accepted: "✓", refused: "✕", exhausted: "✕", in_doubt: "？", cancelled: "－" };

  // --- the live wall
  const wall = document.querySelector("[data-live]");
  if (wall && "EventSource" in window) {
    const words = JSON.parse(wall.dataset.words);
    const note = document.querySelector(".live");
    const source = new EventSource(wall.dataset.live);
    source.onopen = () => { if (note) note.textContent = "实时更新中"; };
    source.onerror = () => { if (note) note.textContent = "连接中断，正在重连"; };
    source.onmessage = (event) => {
      const news = JSON.parse(event.data);
      for (const [unit, state] of Object.entries(news.tiles)) {
        const tile = wall.querySelector(`[data-unit="${CSS.escape(unit)}"]`);
        if (!tile) continue;
        tile.className = `tile ${state}`;
        tile.querySelector("b").textContent = marks[state];
        tile.querySelector(".word").textContent = words[state];
      }
      for (const [state, count] of Object.entries(news.counts)) {
        const place = document.querySelector(`[data-count="${state}"]`);
        if (place) { place.textContent = count; place.closest("li").hidden = count === 0; }
      }
      const bar = document.querySelector("svg.bar");
      if (bar) bar.replaceChildren(...news.bar.map(([state, at, width]) => {
        const part = document.createElementNS("http://www.w3.org/2000/svg", "rect");
        for (const [k, v] of Object.entries({ class: state, x: at, y: 0, width, height: 10 })) part.setAttribute(k, v);
        return part;
      }));
      for (const [state, squares] of news.mosaic) {
        const part = document.querySelector(`.mosaic .${state}`);
        if (part) part.setAttribute("d", squares);
      }
      if (news.settled) { source.close(); if (note) note.textContent = news.standing; }
    };
  }

  // --- upload, one request a file, with progress
  const drop = document.querySelector("form[data-upload]");
  if (drop) {
    const input = drop.querySelector("input[type=file]");
    const list = document.createElement("ul");
    list.className = "progress";
    list.setAttribute("aria-live", "polite");
    drop.after(list);
    const send = (file) => {
      const line = document.createElement("li");
      const name = document.createElement("span");
      const bar = document.createElement("progress");
      name.textContent = file.name;
      bar.max = 1; bar.value = 0; bar.setAttribute("aria-label", `${file.name} 上传进度`);
      line.append(name, bar);
      list.append(line);
      const data = new FormData();
      data.append("csrf", drop.querySelector("[name=csrf]").value);
      data.append("files", file);
      const request = new XMLHttpRequest();
      request.open("POST", drop.action);
      request.setRequestHeader("Accept", "application/json");
      request.upload.onprogress = (e) => { if (e.lengthComputable) bar.value = e.loaded / e.total; };
      request.upload.onload = () => { bar.removeAttribute("value"); name.textContent = `${file.name}：正在识读…`; };
      const end = (said, path, ok) => {
        bar.remove();
        name.textContent = `${file.name}：${said} `;
        line.className = ok ? "" : "problem";
        if (path) { const a = document.createElement("a"); a.href = path; a.textContent = "查看"; name.append(a); }
      };
      return new Promise((resolve) => {
        request.onerror = () => { end("网络中断，没有上传。", "", false); resolve(""); };
        request.onload = () => {
          if (request.status !== 200) { end(request.status === 413 ? "文件太大。" : "没有上传成功，请刷新页面后重试。", "", false); resolve(""); return; }
          const [news] = JSON.parse(request.responseText);
          end(news.said, news.path, news.ok);
          resolve(news.ok ? news.path : "");
        };
        request.send(data);
      });
    };
    const all = async (files) => {
      const paths = [];
      for (const file of files) paths.push(await send(file));
      input.value = "";
      if (paths.length === 1 && paths[0]) location.assign(paths[0]);
    };
    drop.addEventListener("submit", (e) => { if (input.files.length) { e.preventDefault(); all([...input.files]); } });
    for (const kind of ["dragenter", "dragover"]) drop.addEventListener(kind, (e) => { e.preventDefault(); drop.classList.add("over"); });
    for (const kind of ["dragleave", "drop"]) drop.addEventListener(kind, () => drop.classList.remove("over"));
    drop.addEventListener("drop", (e) => { e.preventDefault(); all([...e.dataTransfer.files]); });
  }

  // --- a question before what cannot be undone; one sending of a form
  for (const form of document.querySelectorAll("form")) {
    form.addEventListener("submit", (e) => {
      if (form.dataset.ask && !confirm(form.dataset.ask)) { e.preventDefault(); return; }
      if (e.defaultPrevented || form.method !== "post" || form.dataset.many !== undefined) return;
      const button = e.submitter;
      if (button) setTimeout(() => { button.disabled = true; }, 0);
    });
  }
  addEventListener("pageshow", () => { for (const b of document.querySelectorAll("button:disabled")) b.disabled = false; });

  for (const b of document.querySelectorAll("[data-print]")) { b.hidden = false; b.addEventListener("click", () => print()); }
})();
