FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY . .
# Before the prune: npm counts a package for development that is not installed as missing.
RUN npm run --silent sbom > sbom.cdx.json
RUN npm run build && npm prune --omit=dev --no-audit --no-fund

FROM node:24-slim
ENV NODE_ENV=production HOST=0.0.0.0
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/content ./content
COPY --from=build /app/dist ./dist
COPY --from=build /app/sbom.cdx.json ./
# DATA_DIR: the socket through which the health check asks the worker.
RUN mkdir --mode=700 .everpost && chown node:node .everpost
USER node
EXPOSE 3000
# The worker's own check is in docker-compose.yml.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["node", "dist/cli.js", "health", "api"]
ENTRYPOINT ["node", "dist/cli.js"]
CMD ["api"]
