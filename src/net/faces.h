/* faces.h - the API's faces on the network: Socket.IO, HTTP, and the page at "/". */
#ifndef PM_NET_FACES_H
#define PM_NET_FACES_H

#include "api/api.h"
#include "net/server.h"
#include "net/sockets.h"

struct pm_face_socketio;

/* Serve the requests over Socket.IO under /socket.io, in namespace "/". The caller owns *ret. 0 or a negative errno. */
int pm_face_socketio_new(struct pm_server *server, struct pm_api *api, const struct pm_engine_options *engine,
                         const struct pm_sockets_options *options, struct pm_face_socketio **ret);
struct pm_face_socketio *pm_face_socketio_free(struct pm_face_socketio *f);

/* Serve POST /api/v1/<request> and /console/api/<request>, and the reading ones by GET. `api` must outlive the server.
 */
void pm_face_http(struct pm_server *server, struct pm_api *api);

/* The answer to a request over HTTP, with CORS. */
void pm_face_http_answer(struct pm_conn *c, const json_t *answer, enum pm_error error);

/* Serve GET /recordings/<id>. `api` must outlive the server. */
void pm_face_recordings(struct pm_server *server, struct pm_api *api);

/* Serve GET /health and GET /metrics. `api` must outlive the server. */
void pm_face_health(struct pm_server *server, struct pm_api *api);

/* Serve the page, its style and script. Nothing is read from the file system. */
void pm_face_page(struct pm_server *server);

#endif
