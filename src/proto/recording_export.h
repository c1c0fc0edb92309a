/* recording_export.h - recordings in the formats of other programs: text to read, CSV for tables, pcapng for Wireshark.
 */
#ifndef PM_PROTO_RECORDING_EXPORT_H
#define PM_PROTO_RECORDING_EXPORT_H

#include "proto/recording.h"

enum pm_export_format { PM_EXPORT_NATIVE, PM_EXPORT_TEXT, PM_EXPORT_CSV, PM_EXPORT_PCAPNG, PM_EXPORT_FORMATS };

/* The words for them ("native", "text", "csv", "pcapng"), ended by NULL; their media types and file name endings. */
extern const char *const pm_export_words[PM_EXPORT_FORMATS + 1];
extern const char *const pm_export_media_types[PM_EXPORT_FORMATS];
extern const char *const pm_export_endings[PM_EXPORT_FORMATS];

/* Zero-initialise with the format; it owns nothing. One may go over all parts of a recording. */
struct pm_export {
    enum pm_export_format format;
    bool begun;
    uint32_t signals;
};

/* The most that one record becomes in any format. */
enum { PM_EXPORT_RECORD_MAX = 4 * (PM_RECORD_BODY_MAX + 2048) };

/* Append what the record is in the export's format, with the format's head before the first one. A native export begins
 * with the magic bytes, so that a recording of many parts becomes one file. 0, or as pm_bytes_append(). */
int pm_export_record(struct pm_export *e, const struct pm_record *r, struct pm_bytes *out);

/* "2026-11-25T02:00:00.123456Z"; years outside 0-9999 are written as they are. */
void pm_export_time(int64_t wall_us, char out[48]);

#endif
