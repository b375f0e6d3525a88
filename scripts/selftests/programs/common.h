/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Helpers of the self-test programs. A program defines PROGRAM, its name, before it includes this.
 */
#ifndef _SELFTESTS_COMMON_H
#define _SELFTESTS_COMMON_H

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))
#define PAGE		4096
/* The size of edu's buffer, which limits a transfer. */
#define BUFFER_SIZE	4096
/* The pages that the device file maps. */
#define PAGES		2
/* The maximum length of an operation. */
#define MAX_TEXT	256

static inline void fail(const char *what)
{
	fprintf(stderr, "# " PROGRAM ": %s (errno %d)\n", what, errno);
	exit(1);
}

static inline int open_file(const char *path, int mode)
{
	int fd = open(path, mode);

	if (fd < 0)
		fail(path);
	return fd;
}

/* Opens a file of a device's directory in debugfs. */
static inline int open_control(const char *directory, const char *name, int mode)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return open_file(path, mode);
}

/* Reads a file to its end, or as much as fits, and appends a NUL. */
static inline size_t read_all(int fd, char *text, size_t size)
{
	size_t len = 0;
	ssize_t got;

	do {
		got = read(fd, text + len, size - 1 - len);
		if (got < 0)
			fail("a file cannot be read");
		len += got;
	} while (got && len < size - 1);
	text[len] = '\0';
	return len;
}

static inline char *read_control(const char *directory, const char *name, char *text, size_t size)
{
	int fd = open_control(directory, name, O_RDONLY);
	/* Each call reads the state at its time: a second one could read the end of a later one. */
	ssize_t len = read(fd, text, size - 1);

	if (len < 0)
		fail("a file cannot be read");
	text[len] = '\0';
	close(fd);
	return text;
}

/* Returns the value of a counter in the text of `stats`. */
static inline unsigned long counter(const char *stats, const char *key)
{
	size_t len = strlen(key);

	for (const char *line = stats; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, key, len) && line[len] == ' ')
			return strtoul(line + len, NULL, 10);
	}
	fail(key);
	return 0;
}

/* Writes an operation to `run`. Returns 0 or an error. */
static inline int operate_text(int fd, const char *text)
{
	ssize_t len = strlen(text);

	return write(fd, text, len) == len ? 0 : errno;
}

/* As operate_text(), with a format. */
static inline int operate(int fd, const char *format, ...)
{
	char text[MAX_TEXT];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return operate_text(fd, text);
}

/* Returns the byte at an offset of memory that is filled with a pattern. */
static inline unsigned char pattern_byte(unsigned int pattern, unsigned int offset)
{
	return ((pattern ^ offset ^ (offset >> 8)) * 0x9e3779b1u) >> 24;
}

#endif /* _SELFTESTS_COMMON_H */
