/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reads the kernel's log while it is written: the ring buffer keeps only the newest messages.
 */
#ifndef _SELFTESTS_FUZZ_LOG_H
#define _SELFTESTS_FUZZ_LOG_H

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The maximum length of a record. */
#define MAX_RECORD	8192
/* Messages of this level and of higher numbers are not warnings. */
#define LEVEL_NOTICE	5
/* The kernel may truncate messages of this length. */
#define MAX_MESSAGE	1000

struct log {
	int fd;
	char record[MAX_RECORD];
	/* The message and level of the last record. */
	const char *message;
	unsigned int level;
	/* Whether the kernel has written the record, not a program. */
	int is_kernels;
};

/* Opens the log at its end. Returns 0 if it cannot be read. */
static inline int open_log(struct log *log)
{
	log->fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);
	return log->fd >= 0 && lseek(log->fd, 0, SEEK_END) >= 0;
}

/* Reads the next message. Returns 1, 0 if there is none yet, or -1 if messages were lost. */
static inline int read_log(struct log *log)
{
	ssize_t len = read(log->fd, log->record, sizeof(log->record) - 1);
	char *message, *end;
	unsigned long priority;

	if (len < 0)
		return errno == EAGAIN ? 0 : -1;
	log->record[len] = 0;
	priority = strtoul(log->record, NULL, 10);
	log->level = priority & 7;
	log->is_kernels = priority < 8;
	message = strchr(log->record, ';');
	if (!message)
		return -1;
	/* The record's properties follow on further lines. */
	end = strchr(++message, '\n');
	if (end)
		*end = 0;
	log->message = message;
	return 1;
}

#endif /* _SELFTESTS_FUZZ_LOG_H */
