/* log.h - lines for the person at the machine and for the journal: to stderr, with a level. */
#ifndef PM_BASE_LOG_H
#define PM_BASE_LOG_H

/* Syslog's numbers, which the journal reads from a "<n>" prefix. A notice is what somebody must see to go on: a
 * question to the person. */
enum pm_log_level { PM_LOG_ERROR = 3, PM_LOG_WARNING = 4, PM_LOG_NOTICE = 5, PM_LOG_INFO = 6, PM_LOG_DEBUG = 7 };

/* Log lines above this level are dropped; INFO at the start. The one setting that is global. */
void pm_log_set_level(enum pm_log_level level);

/* So many lines a second are written, 200 unless said otherwise; more are counted, and the count is told before the
 * next line of a later second. INFO and DEBUG have half of them and warnings three quarters, so that what clients can
 * cause hides neither errors nor notices. */
void pm_log_set_rate(unsigned lines);

/* One line. Control characters and bytes that are not UTF-8 in the arguments are shown as '?', so that nothing from
 * outside can forge a line or drive a terminal; longer lines than 1000 bytes are cut. Never waits: what stderr does not
 * take is lost, and counted in a line of its own later (I27). From any thread. */
void pm_log(enum pm_log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The program ends: tell now how many lines were left out since the last that was written. */
void pm_log_end(void);

#endif
