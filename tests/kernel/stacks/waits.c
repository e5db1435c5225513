// Waits for the disk in functions of known names, and says how often it slept in each. Built with frame pointers and
// without inlining; a system call is made in the function itself.
//
// waits FILE COUNT LIBRARY|- stay|end: says that it is ready, waits for a line, works, says what it did, and stays
// until stdin ends, or ends at once.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE 4096L

#include "call.h"

static int cold, null;
static char *map;
static char buffer[PAGE];
static long (*library)(int, char *, long);

static long sleeps(void) {
    struct rusage usage;
    getrusage(RUSAGE_THREAD, &usage);
    return usage.ru_nvcsw;
}

long reads_a_page(long page) { return call(SYS_pread64, cold, (long)buffer, PAGE, page * PAGE); }

long touches_a_page(long page) { return *(volatile char *)(map + page * PAGE); }

long sends_a_page(long page) {
    long offset = page * PAGE;
    return call(SYS_sendfile, null, cold, (long)&offset, PAGE);
}

long asks_the_library(long page) { return library(cold, buffer, page * PAGE); }

long serves(long (*function)(long), long first, long count) {
    long before = sleeps();
    for (long page = first; page < first + count; page++)
        function(page);
    return sleeps() - before;
}

int main(int argc, char **argv) {
    if (argc != 5) return 2;
    long count = atol(argv[2]);
    cold = open(argv[1], O_RDONLY);
    null = open("/dev/null", O_WRONLY);
    posix_fadvise(cold, 0, 0, POSIX_FADV_RANDOM);
    map = mmap(0, 4 * count * PAGE, PROT_READ, MAP_SHARED, cold, 0);
    madvise(map, 4 * count * PAGE, MADV_RANDOM);
    printf("ready\n");
    fflush(stdout);
    if (!fgets(buffer, sizeof buffer, stdin)) return 1;
    long read = serves(reads_a_page, 0, count);
    long touched = serves(touches_a_page, count, count);
    long sent = serves(sends_a_page, 2 * count, count);
    long asked = 0;
    if (strcmp(argv[3], "-")) {
        void *handle = dlopen(argv[3], RTLD_NOW);
        if (!handle) { fprintf(stderr, "%s\n", dlerror()); return 1; }
        library = (long (*)(int, char *, long))dlsym(handle, "reads_for_others");
        asked = serves(asks_the_library, 3 * count, count);
    }
    printf("{\"reads_a_page\":%ld,\"touches_a_page\":%ld,\"sends_a_page\":%ld,\"reads_for_others\":%ld}\n", read,
           touched, sent, asked);
    fflush(stdout);
    if (!strcmp(argv[4], "stay"))
        while (fgets(buffer, sizeof buffer, stdin)) {}
    return 0;
}
