/* run_corpus.c - runs a fuzz target over each file of a directory, as a plain test where no fuzzer is at hand. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 1 << 20 };

/* The file in memory of exactly its size, so that the sanitizer sees one byte too far. */
static int run_file(const char *path)
{
    struct stat st;
    FILE *f = fopen(path, "rb");
    if (!f || fstat(fileno(f), &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > INPUT_MAX) {
        if (f)
            fclose(f);
        return 0;
    }
    size_t n = (size_t)st.st_size;
    uint8_t *data = malloc(n ? n : 1);
    int ran = data && fread(data, 1, n, f) == n;
    fclose(f);
    if (ran)
        LLVMFuzzerTestOneInput(data, n);
    free(data);
    return ran;
}

int main(int argc, char **argv)
{
    DIR *dir = argc == 2 ? opendir(argv[1]) : NULL;
    if (!dir) {
        fputs("usage: run_corpus DIRECTORY\n", stderr);
        return 2;
    }
    int count = 0;
    for (struct dirent *e; (e = readdir(dir));) {
        char path[4096];
        if (snprintf(path, sizeof(path), "%s/%s", argv[1], e->d_name) < (int)sizeof(path))
            count += run_file(path);
    }
    closedir(dir);
    printf("%d inputs\n", count);
    return count > 0 ? 0 : 1;
}
