/* main.c - the program: everything it can do is a command. */
#include "cli/command.h"

int main(int argc, char **argv)
{
    return pm_command_main(argc, argv);
}
