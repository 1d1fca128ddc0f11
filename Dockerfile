# Three stages: one builds the pages, one installs what is locked by hash, the last holds only what runs.
# They run the same `make` targets that people and CI run. Run it as:
#   docker run --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges -v akin:/data -p 127.0.0.1:8000:8000 akin
FROM node:22-bookworm-slim AS web
# hadolint ignore=DL3008
RUN apt-get update && apt-get install --no-install-recommends --yes make && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY Makefile ./
COPY docs/openapi.json ./docs/openapi.json
COPY web ./web
RUN make web

FROM python:3.11-slim-bookworm AS build
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
# hadolint ignore=DL3008
RUN apt-get update && apt-get install --no-install-recommends --yes make && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY Makefile pyproject.toml README.md ./
COPY requirements ./requirements
COPY app ./app
COPY --from=web /src/app/web/static ./app/web/static
COPY catalog_loader ./catalog_loader
COPY es_templates ./es_templates
RUN make install-run RUN_VENV=/opt/akin

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /nonexistent --shell /usr/sbin/nologin akin \
    && install --directory --owner akin --mode 0750 /data
COPY --from=build /opt/akin /opt/akin
ENV PATH=/opt/akin/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    MALLOC_ARENA_MAX=2 \
    AKIN_CATALOG=sqlite:////data/akin.db \
    AKIN_PHOTO_STORE=/data/photos.db \
    AKIN_EVENTS=/data/events.db \
    AKIN_INSIGHTS=/data/insights \
    AKIN_KEYS=/data/keys.db \
    AKIN_WRITES=/data/writes.db \
    AKIN_HOST=0.0.0.0
USER 10001
WORKDIR /data
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
    CMD ["python", "-c", "import httpx; httpx.get('http://127.0.0.1:8000/live', timeout=2).raise_for_status()"]
# It listens for others, so it does not start without a key: docker run --rm -v akin:/data akin keys create --scope admin
ENTRYPOINT ["akin"]
CMD ["serve"]
