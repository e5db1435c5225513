// Waits for the disk in reads: `waiter.js COLD`.
const fs = require('fs');

function readsAPage(file, buffer, page) {
    return fs.readSync(file, buffer, 0, 4096, page * 4096);
}

function servesPages(file, buffer, pages) {
    let sum = 0;
    for (let page = 0; page < pages; page++) sum += readsAPage(file, buffer, page);
    return sum;
}

const file = fs.openSync(process.argv[2]);
const buffer = Buffer.alloc(4096);
console.log('ready');
fs.readSync(0, buffer, 0, 3);
servesPages(file, buffer, fs.fstatSync(file).size / 4096);
console.log('{}');
while (fs.readSync(0, buffer) > 0) {}
