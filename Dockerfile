# Two stages: pinned packages with hashes into an environment, then that environment alone.
FROM python:3.11-slim-bookworm AS build
WORKDIR /src
RUN python -m venv /opt/jianbao
COPY requirements.lock ./
RUN /opt/jianbao/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY bot ./bot
COPY config ./config
COPY samples ./samples
COPY templates ./templates
RUN /opt/jianbao/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.11-slim-bookworm
# The pictures on cards need a Chinese font.
RUN apt-get update \
    && apt-get install -y --no-install-recommends fonts-wqy-zenhei \
    && rm -rf /var/lib/apt/lists/*
RUN useradd --uid 10001 --home-dir /data --no-create-home --shell /usr/sbin/nologin jianbao \
    && install -d -m 700 -o jianbao -g jianbao /data
COPY --from=build /opt/jianbao /opt/jianbao
ENV PATH=/opt/jianbao/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    JIANBAO_DATA_DIR=/data \
    JIANBAO_LOG_FORMAT=json
USER jianbao
WORKDIR /data
VOLUME /data
EXPOSE 8800
ENTRYPOINT ["jianbao"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8800"]
HEALTHCHECK --interval=60s --timeout=10s --start-period=20s --retries=3 CMD ["jianbao", "health", "--port", "8800"]
