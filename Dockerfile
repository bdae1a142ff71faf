# The program in a small image, with the clients of all servers. Every role is this image with another command:
#
#   docker build --tag chorale .
#   docker run --rm -p 127.0.0.1:8080:8080 -p 127.0.0.1:8081:8081 -v chorale:/data chorale
#
# docker-compose.yml runs every role on PostgreSQL, Kafka and MongoDB.

FROM rust:1.95.0-slim-bookworm AS build
# SQLite and librdkafka are built from source; librdkafka is linked with the system's OpenSSL.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends g++ libssl-dev make pkg-config \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY . .
# Caches survive between builds, so that only what has changed is compiled.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/source/target \
    cargo build --release --locked --package chorale --bin chorale --features servers \
    && install -D --strip target/release/chorale /out/chorale \
    && install -d -o 10001 -g 10001 /out/data

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates libssl3 \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /out/chorale /usr/local/bin/chorale
COPY --from=build --chown=10001:10001 /out/data /data
USER 10001:10001
# A container has no other way in than its published ports. Publish the back office's port to trusted networks only.
ENV CHORALE_DATA_DIR=/data \
    CHORALE_LISTEN=0.0.0.0:8080 \
    CHORALE_STAFF_LISTEN=0.0.0.0:8081 \
    CHORALE_METRICS_LISTEN=0.0.0.0:9464 \
    CHORALE_LOG_FORMAT=json
VOLUME /data
EXPOSE 8080 8081 9464
# Every role answers at the address of its metrics.
HEALTHCHECK --interval=5s --timeout=15s --start-period=60s --retries=12 CMD ["chorale", "health", "http://127.0.0.1:9464"]
ENTRYPOINT ["chorale"]
