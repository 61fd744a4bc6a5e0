# Both bases can be given: where there is no registry, images of the same names do.
ARG BUILD_IMAGE=mcr.microsoft.com/dotnet/sdk:10.0
ARG RUNTIME_IMAGE=mcr.microsoft.com/dotnet/runtime-deps:10.0-noble-chiseled

FROM ${BUILD_IMAGE} AS build
RUN apt-get update && apt-get install -y --no-install-recommends clang zlib1g-dev && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY . .
RUN dotnet publish src/PjsipSyncWorker -c Release --use-current-runtime -o /publish

FROM ${RUNTIME_IMAGE}
COPY --from=build /publish/pjsip-sync-worker /usr/bin/pjsip-sync-worker
USER 1654
ENTRYPOINT ["/usr/bin/pjsip-sync-worker"]
CMD ["run"]
