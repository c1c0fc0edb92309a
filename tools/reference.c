/* reference.c - prints the tables of docs/api.md from the table of requests; tools/update-reference puts them there. */
#include "api/table.h"

#include <stdio.h>

static void write_text(void *owner, const char *text)
{
    fputs(text, owner);
}

int main(void)
{
    pm_reference_markdown(write_text, stdout);
    return fflush(stdout) == 0 ? 0 : 1;
}
