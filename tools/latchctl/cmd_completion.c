// SPDX-License-Identifier: Apache-2.0
/*
 * latchctl completion: a shell's completion script, written from the same table as help. A new command
 * or option is completed without a line here.
 */
#include "latchctl.h"

static int run(int argc, char **argv);

const struct subcommand subcommand_completion = {
	.name = "completion",
	.arguments = "bash|zsh|fish",
	.summary = "a script with which your shell completes latchctl's command line",
	.help = "Commands, options and their values. For one shell session:\n"
		"\n"
		"  source <(latchctl completion bash)\n"
		"  source <(latchctl completion zsh)\n"
		"  latchctl completion fish | source\n"
		"\n"
		"For all: write it where the shell looks, such as\n"
		"/usr/share/bash-completion/completions/latchctl,\n"
		"/usr/share/zsh/vendor-completions/_latchctl,\n"
		"/usr/share/fish/vendor_completions.d/latchctl.fish.\n",
	.operand = "bash|zsh|fish",
	.run = run,
};

/* Is it a file that has to be named there? Else it is words to choose from, or anything. */
static bool is_file(const char *value)
{
	return value && (!strcmp(value, "FILE") || !strcmp(value, "LOG"));
}

static bool is_choice(const char *value)
{
	return value && strchr(value, '|');
}

/* "a|b" as "a b". */
static void print_choice(const char *value)
{
	for (; *value; value++)
		putchar(*value == '|' ? ' ' : *value);
}

/* Inside single quotes, as sh and zsh read them. */
static void print_quoted(const char *text)
{
	for (; *text; text++)
		if (*text == '\'')
			fputs("'\\''", stdout);
		else
			putchar(*text);
}

static void print_names(void)
{
	for (size_t i = 0; subcommands[i]; i++)
		printf("%s ", subcommands[i]->name);
}

/* ---- bash ---- */

static void print_bash_words(const struct subcommand *command)
{
	const struct command_option *option = command->options;

	for (; option && option->name; option++) {
		printf("--%s ", option->name);
		if (option->letter)
			printf("-%c ", option->letter);
	}
	fputs("--help", stdout);
}

static void print_bash_values(const struct subcommand *command)
{
	const struct command_option *option = command->options;

	for (; option && option->name; option++) {
		if (!option->value)
			continue;
		if (option->letter)
			printf("\t\t-%c |", option->letter);
		printf("%s--%s) ", option->letter ? " " : "\t\t", option->name);
		if (is_file(option->value)) {
			fputs("_latchctl_files; return ;;\n", stdout);
		} else if (is_choice(option->value)) {
			fputs("_latchctl_words '", stdout);
			print_choice(option->value);
			fputs("'; return ;;\n", stdout);
		} else {
			fputs("return ;;\n", stdout);
		}
	}
}

static void print_bash_command(const struct subcommand *command)
{
	printf("\t%s)\n\t\tcase $previous in\n", command->name);
	print_bash_values(command);
	fputs("\t\tesac\n\t\tcase $word in\n\t\t-*) _latchctl_words '", stdout);
	print_bash_words(command);
	fputs("' ;;\n", stdout);
	if (is_file(command->operand)) {
		fputs("\t\t*) _latchctl_files ;;\n", stdout);
	} else if (command->operand) {
		fputs("\t\t*) _latchctl_words '", stdout);
		print_choice(command->operand);
		fputs("' ;;\n", stdout);
	} else {
		fputs("\t\t'') _latchctl_words '", stdout);
		print_bash_words(command);
		fputs("' ;;\n", stdout);
	}
	fputs("\t\tesac\n\t\t;;\n", stdout);
}

static void print_bash(void)
{
	fputs("# bash completion of latchctl; written by `latchctl completion bash`\n"
	      "_latchctl_words() { mapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"$word\"); }\n"
	      "_latchctl_files() {\n"
	      "\tmapfile -t COMPREPLY < <(compgen -f -- \"$word\")\n"
	      "\tcompopt -o filenames 2>/dev/null\n"
	      "}\n"
	      "_latchctl() {\n"
	      "\tlocal word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}\n"
	      "\tCOMPREPLY=()\n"
	      "\t# --option=value comes as three words\n"
	      "\tif [ \"$word\" = = ]; then\n\t\tword=\n"
	      "\telif [ \"$previous\" = = ]; then\n\t\tprevious=${COMP_WORDS[COMP_CWORD - 2]}\n\tfi\n"
	      "\tif [ \"$COMP_CWORD\" = 1 ]; then\n\t\t_latchctl_words '",
		stdout);
	print_names();
	fputs("help --help --version'\n\t\treturn\n\tfi\n\tcase ${COMP_WORDS[1]} in\n\thelp) "
	      "_latchctl_words '",
		stdout);
	print_names();
	fputs("' ;;\n", stdout);
	for (size_t i = 0; subcommands[i]; i++)
		print_bash_command(subcommands[i]);
	fputs("\tesac\n}\ncomplete -F _latchctl latchctl\n", stdout);
}

/* ---- zsh ---- */

/* What a description in [ ] must not hold as it is. */
static void print_zsh_text(const char *text)
{
	for (; *text; text++) {
		if (strchr("[]:\\", *text))
			putchar('\\');
		if (*text == '\'')
			fputs("'\\''", stdout);
		else
			putchar(*text);
	}
}

static void print_zsh_action(const char *value)
{
	if (is_file(value)) {
		fputs(":file:_files", stdout);
	} else if (is_choice(value)) {
		fputs(":word:(", stdout);
		print_choice(value);
		putchar(')');
	} else {
		printf(":%s: ", value);
	}
}

static void print_zsh_command(const struct subcommand *command)
{
	const struct command_option *option = command->options;

	printf("\t%s) _arguments '--help[more about it]'", command->name);
	for (; option && option->name; option++) {
		if (option->letter)
			printf(" '-%c[%s]'", option->letter, option->help);
		/* One that may be repeated says so. */
		printf(" '%s--%s%s[", strstr(option->help, "repeated") ? "*" : "", option->name,
			option->value ? "=" : "");
		print_zsh_text(option->help);
		putchar(']');
		if (option->value)
			print_zsh_action(option->value);
		putchar('\'');
	}
	if (command->operand) {
		fputs(" '1", stdout);
		print_zsh_action(command->operand);
		putchar('\'');
	}
	fputs(" ;;\n", stdout);
}

static void print_zsh(void)
{
	fputs("#compdef latchctl\n"
	      "# zsh completion of latchctl; written by `latchctl completion zsh`\n"
	      "_latchctl() {\n\tlocal -a commands\n\tlocal command\n\tcommands=(\n",
		stdout);
	for (size_t i = 0; subcommands[i]; i++) {
		printf("\t\t'%s:", subcommands[i]->name);
		print_quoted(subcommands[i]->summary);
		fputs("'\n", stdout);
	}
	fputs("\t\t'help:more about one command'\n\t)\n"
	      "\tif (( CURRENT == 2 )); then\n"
	      "\t\t_describe -t commands command commands\n\t\treturn\n\tfi\n"
	      "\tcommand=$words[2]\n\t(( CURRENT-- ))\n\tshift words\n\tcase $command in\n"
	      "\thelp) _describe -t commands command commands ;;\n",
		stdout);
	for (size_t i = 0; subcommands[i]; i++)
		print_zsh_command(subcommands[i]);
	fputs("\tesac\n}\n"
	      "# Sourced, or found by the shell as a function of that name.\n"
	      "if [ \"$funcstack[1]\" = _latchctl ]; then\n\t_latchctl \"$@\"\n"
	      "else\n\tcompdef _latchctl latchctl\nfi\n",
		stdout);
}

/* ---- fish ---- */

static void print_fish_quoted(const char *text)
{
	putchar('\'');
	for (; *text; text++) {
		if (*text == '\'' || *text == '\\')
			putchar('\\');
		putchar(*text);
	}
	putchar('\'');
}

static void print_fish_arguments(const char *value)
{
	if (is_file(value)) {
		fputs(" -F", stdout);
	} else if (is_choice(value)) {
		fputs(" -a '", stdout);
		print_choice(value);
		putchar('\'');
	}
}

static void print_fish_command(const struct subcommand *command)
{
	const struct command_option *option = command->options;

	printf("complete -c latchctl -n __fish_use_subcommand -a %s -d ", command->name);
	print_fish_quoted(command->summary);
	putchar('\n');
	if (command->operand) {
		printf("complete -c latchctl -n '__fish_seen_subcommand_from %s'", command->name);
		print_fish_arguments(command->operand);
		putchar('\n');
	}
	for (; option && option->name; option++) {
		printf("complete -c latchctl -n '__fish_seen_subcommand_from %s' -l %s", command->name,
			option->name);
		if (option->letter)
			printf(" -s %c", option->letter);
		if (option->value) {
			fputs(" -r", stdout);
			print_fish_arguments(option->value);
		}
		fputs(" -d ", stdout);
		print_fish_quoted(option->help);
		putchar('\n');
	}
}

static void print_fish(void)
{
	fputs("# fish completion of latchctl; written by `latchctl completion fish`\n"
	      "complete -c latchctl -f\n"
	      "complete -c latchctl -n __fish_use_subcommand -a help -d 'more about one command'\n"
	      "complete -c latchctl -n '__fish_seen_subcommand_from help' -a '",
		stdout);
	print_names();
	fputs("'\ncomplete -c latchctl -l help -d 'more about it'\n", stdout);
	for (size_t i = 0; subcommands[i]; i++)
		print_fish_command(subcommands[i]);
}

static int run(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*print)(void);
	} shells[] = {{"bash", print_bash}, {"zsh", print_zsh}, {"fish", print_fish}};
	const char *value;

	if (options_next(&subcommand_completion, argc, argv, false, &value) == OPTIONS_WRONG)
		return LATCHCTL_USAGE;
	if (argc - optind != 1)
		return usage_error(argv[0], "for which shell? bash, zsh or fish");
	for (size_t i = 0; i < ARRAY_SIZE(shells); i++)
		if (!strcmp(argv[optind], shells[i].name)) {
			shells[i].print();
			return LATCHCTL_OK;
		}
	return usage_error(argv[0], "\"%s\" is none of bash, zsh and fish", argv[optind]);
}
