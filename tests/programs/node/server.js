// A file server as one writes it in Node.js, on a port of the kernel's choice. It reads each file in the event loop
// (`sync`) or beside it (`async`).
//
// When stdin ends it says as JSON how many files it read, and how many bytes.

const fs = require("fs");
const http = require("http");
const path = require("path");

const [directory, how] = process.argv.slice(2);
const account = { files: 0, bytes: 0 };

function answer(response, error, content) {
  if (error) {
    response.writeHead(404).end();
    return;
  }
  account.files += 1;
  account.bytes += content.length;
  response.writeHead(200, { "Content-Length": content.length });
  response.end(content);
}

const server = http.createServer((request, response) => {
  const file = path.join(directory, path.basename(request.url));
  if (how === "sync") {
    answer(response, null, fs.readFileSync(file));
  } else {
    fs.readFile(file, (error, content) => answer(response, error, content));
  }
});

server.listen(0, "127.0.0.1", () => console.log("port", server.address().port));
process.stdin.resume();
process.stdin.on("end", () => {
  console.log(JSON.stringify(account));
  process.exit(0);
});
