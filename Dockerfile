# Every base image is an argument: where there is no registry, images of other names do.
ARG BUILD_IMAGE=mcr.microsoft.com/dotnet/sdk:10.0-noble
ARG RUNTIME_IMAGE=mcr.microsoft.com/dotnet/runtime-deps:10.0-noble-chiseled
# Debian's stable release has no Asterisk.
ARG ASTERISK_IMAGE=debian:forky-slim

FROM ${BUILD_IMAGE} AS build
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev zlib1g-dev binutils && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY .editorconfig global.json Directory.* ./
COPY asterisk asterisk/
COPY sql sql/
COPY src src/
# What --version and pjsip_sync_build_info say, for there is no .git here: git log -1 --abbrev=12 --format=%h.%cs
ARG COMMIT=
RUN --mount=type=cache,target=/root/.nuget/packages \
    dotnet publish src/PjsipSyncWorker -c Release --use-current-runtime -p:SourceRevisionId="$COMMIT" -o /publish -v quiet --nologo

# An Asterisk that makes its files from the same settings as the worker's.
FROM ${ASTERISK_IMAGE} AS asterisk
RUN apt-get update && apt-get install -y --no-install-recommends asterisk odbc-postgresql && rm -rf /var/lib/apt/lists/* \
 && mv /etc/asterisk /usr/share/asterisk/etc \
 # A tmpfs takes over the mode of the folder that it covers.
 && mkdir -p /etc/asterisk /run/asterisk && chmod 1777 /etc/asterisk /run/asterisk /var/log/asterisk
COPY --from=build /publish/pjsip-sync-worker /usr/bin/
COPY docker/asterisk.sh /usr/bin/asterisk-from-settings
# unixODBC reads both of its files there.
ENV ODBCSYSINI=/etc/asterisk
USER asterisk
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD asterisk -rx 'core waitfullybooted' | grep -q 'fully booted'
ENTRYPOINT ["/usr/bin/asterisk-from-settings"]

# The worker: one file, no shell, nothing that must be written to.
FROM ${RUNTIME_IMAGE} AS worker
COPY --from=build /publish/pjsip-sync-worker /usr/bin/
ENV Metrics__Host=*
EXPOSE 9464
USER 1654:1654
HEALTHCHECK --interval=10s --timeout=6s --start-period=30s CMD ["/usr/bin/pjsip-sync-worker", "health"]
ENTRYPOINT ["/usr/bin/pjsip-sync-worker"]
CMD ["run"]
