# One image for every service: broker, api, simulate, control are subcommands.
FROM node:24-bookworm-slim AS build
WORKDIR /citytwin
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund --ignore-scripts
COPY . .
RUN node node_modules/vite/bin/vite.js build --config dashboard/vite.config.ts \
 && npm prune --omit=dev --no-audit --no-fund --ignore-scripts

FROM node:24-bookworm-slim
LABEL org.opencontainers.image.title="citytwin" \
      org.opencontainers.image.description="A smart city that runs on a laptop" \
      org.opencontainers.image.licenses="MIT"
ENV NODE_ENV=production
WORKDIR /citytwin
# Root's: what runs cannot change itself.
COPY --from=build /citytwin/ ./
RUN mkdir -p /data /credentials && chown node:node /data /credentials && chmod 700 /data /credentials
USER node
ENTRYPOINT ["node", "bin/citytwin.js"]
CMD ["up", "--data", "/data"]
