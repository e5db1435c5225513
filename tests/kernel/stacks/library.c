// A library that is loaded while the program runs.
#include <sys/syscall.h>

#include "call.h"

long reads_for_others(int file, char *buffer, long offset) {
    return call(SYS_pread64, file, (long)buffer, 4096, offset);
}
