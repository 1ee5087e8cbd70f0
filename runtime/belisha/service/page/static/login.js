"use strict";
const answer = document.getElementById("answer");
const own = ["localhost", "127.0.0.1", "[::1]"].includes(location.hostname);
document.getElementById("clear").hidden = location.protocol === "https:" || own;
document.getElementById("login").addEventListener("submit", async (event) => {
  event.preventDefault();
  answer.textContent = "";
  try {
    const response = await fetch("login", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ token: document.getElementById("token").value.trim() }),
    });
    if (response.ok) location.replace("./");
    else answer.textContent = (await response.json()).error;
  } catch {
    answer.textContent = "the device does not answer";
  }
});
