# syntax=docker/dockerfile:1
# The server with its console, the worker and the command line in one image. docs/guides/containers.md says how to run it.

FROM node:22-bookworm-slim AS console
WORKDIR /src/console
COPY console .
RUN --mount=type=cache,target=/tmp/npm \
    npm install --no-save --no-audit --no-fund --cache /tmp/npm \
    && npm run build \
    && node scripts/compress.mjs

FROM rust:1.95-slim-bookworm AS build
WORKDIR /src
COPY . .
COPY --from=console /src/console/dist console/dist
# Registry and target folder outlive a build, so that only what changed is compiled. The binary is copied out, because a
# cache mount is not part of the layer.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --locked --release --package tenantry \
    && cp target/release/tenantry /usr/local/bin/tenantry

FROM debian:bookworm-slim AS run
# A fixed id, so that owners of mounted files can be named. No home, no shell: nobody logs in here.
RUN groupadd --gid 10001 tenantry \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin tenantry
COPY --from=build /usr/local/bin/tenantry /usr/local/bin/tenantry
COPY LICENSE /usr/share/doc/tenantry/LICENSE
USER 10001:10001
WORKDIR /
# Beyond loopback the server starts with TENANTRY_TLS_CERT and TENANTRY_TLS_KEY, or with TENANTRY_TRUSTED_PROXIES.
ENV TENANTRY_LISTEN=0.0.0.0:8080 \
    TENANTRY_LOG_FORMAT=json
EXPOSE 8080
# The process only: whether its database answers is the business of /readyz. The image has no curl; the binary asks itself.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["/usr/local/bin/tenantry", "probe", "http://127.0.0.1:8080/livez"]
ENTRYPOINT ["/usr/local/bin/tenantry"]
CMD ["server"]
